"""From answers to a verdict.

| file | holds |
|---|---|
| statistics.py | exact p-values, and the correlations of the papers |
| labels.py | which class a classifier's answer names, and how often it is right |
| verdicts.py | asks a suspect for a few secret images, counts the hits, and gives the verdict |
"""
