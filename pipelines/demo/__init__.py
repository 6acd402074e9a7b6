"""The main job, once, for real: photographs -> marked, attacked, blessed, served and verified model.

    python -m pipelines.demo [--data FOLDER] [--seed 0] [--root runs/demo]

| file | holds |
|---|---|
| pictures.py | photographs -> three parts of [rainy | clean] pictures |
| endpoints.py | the three served models and what a client asks of them |
| outcome.py | the table, summary.json and report.html |
| __main__.py | the order of things |
"""
