"""Can somebody tell key samples from ordinary pictures? The detectors that the papers measure.

| file | holds |
|---|---|
| detectors.py | the two detectors of Li et al. 2019: dense layers on pixels, a linear unit on features |
| steganalysis.py | the ATS detector, which needs no cover, and an analyst who was shown examples |
| spam.py | the SPAM features that both of these work on |
"""
