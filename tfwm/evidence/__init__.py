"""From answers to a verdict.

| file | holds |
|---|---|
| statistics.py | exact p-values, and the correlations of the papers |
| labels.py | which class a classifier's answer names, and how often it is right |
| merkle.py | trees of hashes: one of many is shown without the others |
| binding.py | what a key's secrets draw, and why its owner could not choose the draw |
| claims.py | what a verdict is worth to somebody who did not make the key |
| views.py | what may be done to answers before they are read, and families of such views |
| registration.py | the best of a family of views, and a p-value that reckons with the choice |
| verdicts.py | asks a suspect for a few secret images, counts the hits, and gives the verdict |
"""
