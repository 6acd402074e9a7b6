"""The main job, once, for real: a host is trained, marked, attacked, blessed, served and verified.

    python -m pipelines.demo [--kind restoration] [--data PLACE] [--seed 0] [--root runs/demo]

| file | holds |
|---|---|
| part.py | what the demo of one kind of host has of its own: the protocol |
| restoration.py | a derainer on photographs; photographs.py and figure.py belong to it |
| classification.py | a small ResNet on handwritten digits |
| parts.py | the table of these |
| endpoints.py | the three served models, and the verdict on each |
| outcome.py | the table, summary.json and report.html |
| clock.py | stages on the screen |
| finish.py, __main__.py | the order of things |
"""
