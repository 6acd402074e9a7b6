"""Every table and figure of Quan, Teng, Chen, Ji, "Watermarking Deep Neural Networks in Image Processing" (2020).

| file | holds |
|---|---|
| scales.py | what smoke, desk and paper mean for each host |
| pictures.py | training patches and test sets |
| models.py | hosts, marked hosts and controls, from the cache |
| measure.py | PSNR, SSIM and WPSNR on the test sets, verdicts |
| fidelity.py | tables I to III |
| uniqueness.py | tables IV and V |
| robustness.py, tuned.py | tables VI and VII |
| overwriting.py | tables VIII and IX |
| tables.py | what the paper prints there |
| evasion.py | attacks that the paper did not try |
| sizes.py, capacity.py, capacity_tables.py | tables X to XII |
| timing.py | table XIII |
| figures.py | figures 8 and 9 |
"""

from __future__ import annotations

from tfwm.papers.engine.experiment import Experiment

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


def _experiment(name: str, title: str, run: str, desk: float) -> Experiment:
    return Experiment(f"quan2020.{name}", title, f"tfwm.papers.quan2020.{run}", {"smoke": 1, "desk": desk}, notes=NOTES)


EXPERIMENTS = (
    _experiment("table1", "fidelity of denoisers at four strengths", "fidelity:table1", 24),
    _experiment("table2", "fidelity of super-resolution", "fidelity:table2", 13),
    _experiment("table3", "fidelity beside the two baselines", "fidelity:table3", 39),
    _experiment("table4", "wrong keys on unmarked hosts", "uniqueness:table4", 29),
    _experiment("table5", "wrong keys on marked hosts, exchanged keys", "uniqueness:table5", 33),
    _experiment("table6", "pruning", "robustness:table6", 42),
    _experiment("table7", "fine-tuning on the original data and on textures", "robustness:table7", 49),
    _experiment("table8", "overwriting with one key, beside the baselines", "overwriting:table8", 60),
    _experiment("table9", "overwriting with one to five keys", "overwriting:table9", 20),
    _experiment("table10", "capacity: denoising with triggers of 20 to 600 pixels", "capacity:table10", 21),
    _experiment("table11", "capacity: super-resolution with triggers of 20 to 600 pixels", "capacity:table11", 18),
    _experiment("table12", "capacity beside the first baseline", "capacity:table12", 35),
    _experiment("table13", "time of embedding and of verification", "capacity:table13", 43),
    _experiment("fig8", "what the visualizer draws for wrong keys and hosts", "figures:figure8", 37),
    _experiment("fig9", "what the visualizer draws after attacks", "figures:figure9", 19),
    _experiment("more_attacks", "attacks that the paper did not try", "evasion:more_attacks", 31),
    _experiment(
        "statistics", "do the statistics of batch normalisation leak the trigger?", "evasion:batch_statistics", 12
    ),
)
