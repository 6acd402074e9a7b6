"""From answers to a verdict.

| file | holds |
|---|---|
| statistics.py | p-values that hold exactly, and the correlations of the papers |
| labels.py | which class an answer names, and how often it is right |
| verdicts.py | asking for a few secret images, counting hits, the verdict |
"""
