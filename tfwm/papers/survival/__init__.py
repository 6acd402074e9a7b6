"""What marks survive: not a paper's tables but the library's own, in the same form.

| file | holds |
|---|---|
| tables.py | what all tables share: how suspects are judged, rows of both designs, claims from them |
| wrappers.py | attacks by name, and those that every table of pictures has |
| designs.py | outputs: data, host, and the designs that are compared: a code map alone, and the preset `fast` |
| thieves.py | outputs: what thieves do, from one line around the model to a network of their own |
| outputs.py | the table: bits, p, the thief's loss and time, attack by attack |
| curves.py | bits against PSNR for each carrier, and what averaging the residual shows |
| classified.py, classifier_thieves.py, classifiers.py | the same for classifiers: data and designs, thieves, table |
| trigger_designs.py, trigger_thieves.py, triggers.py | the same for trigger marks |
"""

from __future__ import annotations

from tfwm.papers.engine.experiment import experiments_in

_SMOKE = "The preset tiny, a few steps and a few attacks: this shows that the experiment runs, and nothing else."
_OUTPUTS = {
    "smoke": _SMOKE,
    "desk": (
        "Scale desk: the derain host of the demo on photographs, 64 x 64 patches, 512 probe pictures. `before` is a "
        "code map of 64 bits, read as it is; `after` is the preset `fast`, whose code has bits in structure beside the "
        "map and is read in a family of views. p is that of one look at one suspect with a key that was fixed before; "
        "the aim is 1e-6. The thief's loss is the PSNR that his copy of the model loses against the model that he "
        "stole, on clean test pictures; a negative one is a gain. PSNR is of the error pooled over all pictures."
    ),
}
_CLASSIFIERS = {
    "smoke": _SMOKE,
    "desk": (
        "Scale desk: the host of the classifier's demo, a ResNet-18 of an eighth of the width on handwritten digits, "
        "with 40 key samples of `blind_watermark`; a thief has 288 pictures of his own, and 359 test his copies. "
        "`before` are secret labels alone; in `after`, the preset `fast`, ordinary images hint at the labels too, and "
        "the best class that a sample's cover does not have is read. p is that of one look at one suspect with a key "
        "that was fixed before; "
        "the aim is 1e-6, which 17 of 40 samples reach. The thief's loss is in points of accuracy against the model "
        "that he stole, on clean test pictures; a negative one is a gain."
    ),
}
_TRIGGERS = {
    "smoke": _SMOKE,
    "desk": (
        "Scale desk: the DnCNN of 17 layers and 16 filters of the tables of Quan et al. 2020, which takes noise of 25 "
        "grey levels off; `wide_triggers` has 64 filters, and a host trained for a sixth of the steps. An "
        "epoch is 40 steps; the thief's pictures are textures. `before` is the preset `fast`, a code map of 256 cells "
        "on a trigger of 80 pixels a side; `after` has 65 bits in functions of neighbourhoods, and a trigger of 160. p "
        "is that of one look at one suspect with a key that was fixed before; the aim is 1e-6. The thief's loss is the "
        "PSNR that his copy loses against the model that he stole, of the error pooled over the middle 128 pixels of "
        "the pictures of Set11; a negative one is a gain."
    ),
}

# Name, what it shows, function, and minutes at the scales smoke and desk.
EXPERIMENTS = (
    *experiments_in(__name__, _OUTPUTS, (
        ("outputs", "a mark in outputs under what thieves do, before and after", "outputs:outputs", (1, 40)),
        ("curves", "bits against PSNR for each carrier; the averaged residual", "curves:curves", (1, 12)),
    )),
    *experiments_in(__name__, _CLASSIFIERS, (
        ("classifiers", "a classifier's mark under what thieves do, before and after", "classifiers:classifiers",
         (1, 12)),
    )),
    *experiments_in(__name__, _TRIGGERS, (
        ("triggers", "a trigger mark under what thieves do, before and after", "triggers:triggers", (1, 30)),
        ("wide_triggers", "a trigger mark in a network of 64 filters that is trained further", "triggers:wide_triggers",
         (1, 55)),
    )),
)  # fmt: skip
