"""Attacks through the extractor: a network that takes the mark out of every answer, or puts another in its place.

| file | holds |
|---|---|
| reading.py | what the thief can read a picture with: a network, the signature of a file, an endpoint |
| proxy.py | a network of his own that he trained on what an extractor answered |
| remover.py | the network before his endpoint, and how it is trained |
| attacks.py | `OracleRemove` and `OracleReplace` |

Paper: An et al. 2024, "Box-free model watermarks are prone to black-box removal attacks" (arXiv 2405.09863).
"""
