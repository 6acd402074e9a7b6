"""The matrix: every scheme against every attack that applies to it.

    suite -> subjects -> measure -> Matrix -> page, heatmap

| file | holds |
|---|---|
| suite.py | which attacks, in which strengths, and how small the hosts are |
| subjects.py | a marked model of each scheme, trained once and kept |
| measure.py | every cell, one after the other; one that fails is a row with its error |
| document.py | what was measured, as values |
| page.py, heatmap.py | the same for people |

Nothing is imported here.
"""
