"""Every table and figure of Quan, Teng, Chen, Ji, "Watermarking Deep Neural Networks in Image Processing" (2020).

| file | holds |
|---|---|
| scales.py | the hosts and schemes, and what smoke, desk and paper mean for each |
| pictures.py | training patches and test sets |
| models.py | hosts, marked hosts and controls, from the cache |
| measure.py | PSNR, SSIM and WPSNR on the test sets, verdicts |
| fidelity.py | tables I to III |
| uniqueness.py | tables IV and V |
| robustness.py | tables VI and VII |
| overwriting.py | tables VIII and IX |
| evasion.py | attacks that the paper did not try |
| sizes.py, capacity.py | tables X to XII |
| timing.py | table XIII |
| figures.py | figures 8 and 9 |
"""

from __future__ import annotations

from tfwm.papers.engine.experiment import experiments_in

NOTES = {
    "smoke": "Networks of 4 filters after a few steps: this shows that the experiment runs, and nothing else.",
    "desk": (
        "Scale desk: networks of 16 filters instead of 64, trained for 90 x 40 steps of 16 patches; one host and one "
        "key where the paper averages 30 trials; embedding in 12 x 40 steps, so lambda is 1e-2 where the paper has "
        "1e-3 (table I: 36 x 40 steps below that). An epoch is 40 steps. Set11 is the paper's Img12 without one "
        "picture, Set5 and Set13 stand for its Img14, PolyU is 20 of 100 pictures, textures are DTD's: averages differ "
        "where the pictures do. The paper does not say which WPSNR it prints; ours weights errors by the contrast "
        "sensitivity at 60 pixels a degree, so compare differences between two of ours only. In tables VI to IX "
        '"ours" is the coded variant, whose p-value is exact; at desk table VII tunes the baselines on RED alone, '
        "table IX has RED and VDSR; tables X to XIII stop at 160 pixels for denoising and at 40 for super-resolution."
    ),
}

# Name, what it shows, function, and minutes at the scales smoke and desk.
EXPERIMENTS = experiments_in(__name__, NOTES, (
    ("table1", "fidelity of denoisers at four strengths", "fidelity:table1", (1, 24)),
    ("table2", "fidelity of super-resolution", "fidelity:table2", (1, 13)),
    ("table3", "fidelity beside the two baselines", "fidelity:table3", (1, 39)),
    ("table4", "wrong keys on unmarked hosts", "uniqueness:table4", (1, 29)),
    ("table5", "wrong keys on marked hosts, exchanged keys", "uniqueness:table5", (1, 33)),
    ("table6", "pruning", "robustness:table6", (1, 42)),
    ("table7", "fine-tuning on the original data and on textures", "robustness:table7", (1, 49)),
    ("table8", "overwriting with one key, beside the baselines", "overwriting:table8", (1, 60)),
    ("table9", "overwriting with one to five keys", "overwriting:table9", (1, 20)),
    ("table10", "capacity: denoising with triggers of 20 to 600 pixels", "capacity:table10", (1, 21)),
    ("table11", "capacity: super-resolution with triggers of 20 to 600 pixels", "capacity:table11", (1, 18)),
    ("table12", "capacity beside the first baseline", "capacity:table12", (1, 35)),
    ("table13", "time of embedding and of verification", "timing:table13", (1, 43)),
    ("fig8", "what the visualizer draws for wrong keys and hosts", "figures:figure8", (1, 37)),
    ("fig9", "what the visualizer draws after attacks", "figures:figure9", (1, 19)),
    ("more_attacks", "attacks that the paper did not try", "evasion:more_attacks", (1, 31)),
    ("statistics", "do the statistics of batch normalisation leak the trigger?", "evasion:batch_statistics", (1, 12)),
))  # fmt: skip
