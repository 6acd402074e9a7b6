"""What the two papers on classifiers share: hosts, scales, marked models from the cache, and how they are measured.

| file | holds |
|---|---|
| scales.py | what smoke, desk and paper mean for each host |
| data.py | MNIST and CIFAR-10 in three parts; photographs at scale smoke |
| models.py | hosts and marked hosts, from the cache |
| measure.py | clean accuracy, hits on key samples |
"""
