"""What every paper's experiments run on.

| file | holds |
|---|---|
| experiment.py | what an experiment is, and what it runs with |
| findings.py | what it finds: rows, claims, pictures |
| hosts.py | a paper's hosts, trained, marked and trained on without a mark |
| subjects.py | a network that is measured, and its key |
| snapshots.py | copies of a network after some epochs of a thief's training |
| cache.py | trained models and measured rows, found again by what they were made from |
| formats.py | how models, marked models and values lie in the cache |
| bookkeeping.py | recipes, time spent through kills, locks |
| data.py | the real data sets, and their digests |
| results.py | the result files: JSON and a page |
| sheets.py, plots.py | picture sheets and charts |
| runner.py | several experiments, one after the other |
| registry.py | the papers by name |
"""
