"""The papers' tables and figures, each a command: `tfwm reproduce quan2020.table1`.

    recipe, make -> Cache -> Experiment.run(Context) -> Findings -> results/<paper>/<experiment>.json, .md and .png

A paper is a package here with `EXPERIMENTS`, and one line in `registry.py`. Importing it loads no TensorFlow.

| file | holds |
|---|---|
| experiment.py | what an experiment is, and what it runs with |
| subjects.py | a network that is measured, and its key |
| snapshots.py | copies of a network after some epochs of a thief's training |
| findings.py | what it finds: rows, claims, pictures |
| cache.py | trained models and measured rows by what they were made from |
| kinds.py | how each kind of thing lies on disk |
| bookkeeping.py | recipes, time spent through kills, locks |
| data.py | the real data sets, and their digests |
| results.py | the result files |
| markdown.py | a result as a page |
| pictures.py | picture sheets |
| plots.py | charts |
| runner.py | several experiments, one after the other |
| registry.py | the papers by name |
| classifiers/ | what the two papers on classifiers share |
"""

from tfwm.papers.engine.experiment import SCALES, Context, Experiment
from tfwm.papers.engine.findings import Claim, Findings, Row

__all__ = ["SCALES", "Claim", "Context", "Experiment", "Findings", "Row"]
