"""Tables 2 to 5 of Li and Guo, "DeepStego: Protecting Intellectual Property of DNNs by Steganography" (2019).

| file | holds |
|---|---|
| tables.py | table 2 (fidelity and effectiveness), table 4 (pictures), table 5 (stego-models of other seeds) |
| secrecy.py | table 3 (steganalysis) |

Hosts, scales and what is measured of a classifier are those of `tfwm.papers.li2019`, by the same authors.
"""

from __future__ import annotations

from tfwm.papers.engine.experiment import experiments_in

NOTES = {
    "smoke": "Networks of a few channels after a few steps: this shows that the experiment runs, and nothing else.",
    "desk": (
        "Scale desk: 12,000 training images of CIFAR-10 and 3,000 to test on; VGG-16 at a quarter of the published "
        "channels (VGG-19 and ResNet-50 at scale paper only). The host learns for 16 epochs of 120 batches; it is "
        "marked from its weights in 8 more, along with the stego-model, with 10 of 120 stego images in every batch of "
        "110, where the paper trains both from scratch. Accuracies are not comparable with published ones; differences "
        "of two of ours are. The paper does not say how long its logo's payload is in bits, nor which embedding the "
        "steganalyst of the earlier methods assumes."
    ),
}

# Name, what it shows, function, and minutes at the scales smoke and desk.
EXPERIMENTS = experiments_in(__name__, NOTES, (
    ("table2", "accuracy and trigger accuracy, with and without the mark", "tables:table2", (1, 6)),
    ("table3", "can steganalysis tell stego images?", "secrecy:table3", (2, 7)),
    ("table4", "covers, stego images and what was changed", "tables:table4", (1, 6)),
    ("table5", "stego images of models of other seeds", "tables:table5", (1, 7)),
))  # fmt: skip
