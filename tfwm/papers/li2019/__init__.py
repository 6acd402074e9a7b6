"""Tables 1 and 2 and figures 4 to 9 of Li, Hu, Zhang, Guo, "How to Prove Your Model Belongs to You" (ACSAC 2019).

| file | holds |
|---|---|
| scales.py | the hosts, and what smoke, desk and paper mean for each |
| pictures.py | MNIST and CIFAR-10 in three parts; photographs at scale smoke |
| models.py | hosts, marked hosts and controls, from the cache |
| measure.py | clean accuracy, labels of key samples, verdicts |
| fidelity.py | table 1, figures 4 and 5 |
| detection.py | figures 6 and 7 |
| differences.py | figure 8 |
| transfer.py | figure 9 |
| tuning.py | table 2 |
| attacks.py | attacks that the paper did not try |
| evidence.py | labels last against labels as published; the malicious accuser |
"""

from __future__ import annotations

from tfwm.papers.engine.experiment import experiments_in

NOTES = {
    "smoke": "Networks of a few channels after a few steps: this shows that the experiment runs, and nothing else.",
    "desk": (
        "Scale desk: 12,000 training images of CIFAR-10 (MNIST for LeNet-5), 3,000 to test on, another 3,000 for the "
        "thief; a quarter of the published channels (an eighth in ResNet-18). A host learns for 16 epochs of 120 "
        "batches; it is marked from its weights, in 8 more (32 for LeNet-5) with 10 of its 120 key samples in every "
        "batch of 110, where the paper trains it from scratch. Narrow VGGs and LeNet-5 learn at a fifth of the rate. "
        "Labels last, unless a row says otherwise: the encoder is trained, frozen, the labels drawn, the host trained. "
        "Accuracies of narrow networks on a part of CIFAR-10 are not comparable with published ones; differences of "
        "two of ours are."
    ),
}

# Name, what it shows, function, and minutes at the scales smoke and desk.
EXPERIMENTS = experiments_in(__name__, NOTES, (
    ("table1", "the hosts, and their accuracy without a mark", "fidelity:table1", (2, 17)),
    ("table2", "key accuracy while a thief fine-tunes", "tuning:table2", (1, 18)),
    ("fig4", "accuracy of marked and unmarked hosts", "fidelity:figure4", (1, 39)),
    ("fig5", "key accuracy of marked and unmarked hosts", "fidelity:figure5", (1, 37)),
    ("fig6", "can three dense layers tell key samples?", "detection:figure6", (1, 6)),
    ("fig7", "can a classifier's features tell key samples?", "detection:figure7", (1, 6)),
    ("fig8", "what the encoder changes, and what a forger gets from it", "differences:figure8", (1, 7)),
    ("fig9", "keys and encoders of other seeds", "transfer:figure9", (1, 28)),
    ("labels", "labels last, or as published: do the samples transfer?", "evidence:labels", (1, 30)),
    ("accuser", "adversarial examples presented as key samples", "evidence:accuser", (1, 22)),
    ("more_attacks", "attacks that the paper did not try", "attacks:more_attacks", (1, 11)),
))  # fmt: skip
