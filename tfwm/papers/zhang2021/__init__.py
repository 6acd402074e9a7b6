"""Tables and figures of Zhang, Chen, Liao, Zhang, Feng, Hua, Yu, "Deep Model Intellectual Property Protection via Deep
Watermarking" (2021).

| file | holds |
|---|---|
| printed.py | what the paper prints, all of its tables |
| scales.py | tasks, marks and cases, and what smoke, desk and paper mean for each |
| marks.py | the marks as pictures |
| pictures.py | training pairs and test pairs |
| models.py | hosts, marked hosts and surrogates, from the cache |
| measure.py | quality, the paper's NC and success rates, and the code and the verdict beside them |
| fidelity.py | tables 1, 5 and 6 |
| robustness.py | table 2 |
| figures.py | figures 5 to 7 |
| widths.py | figure 10 |
| ablations.py | figures 11 and 12 |
| baselines.py | table 3 and figure 8 |
| releases.py | tables 7 and 8 and figure 13 |
| overwriting.py | table 4 and figure 9 |
| absorbed.py | tables 9 and 11 and figure 14 |
| protection.py | table 10 and figure 15 |
| timing.py | section 4.4's times |
"""

from __future__ import annotations

from tfwm.papers.engine.experiment import experiments_in

_ROWS = (
    "Every marked model hides a code of 64 cells beside the logo (not in the paper; R never sees it), so that p is "
    "exact. NC is not centred: a blank picture has the NC that stands beside centred NC. SR_NC counts test pictures "
    "whose own extraction has NC above 0.95, SR_C those that C calls marked; both, and PSNR, are over the test part, "
    "bits and p over the key's probe pictures. The paper's marks are not at hand: drawings stand for Copyright, BIT "
    "and eight logos from the Internet; IEEE and Flower are a grey logo and a flower that are drawn here, on white "
    "like those; Peppers is the picture of Set14, and a portrait of Set5 stands "
    "for Lena; the pairs of PolyU stand for DPED. "
)
NOTES = {
    "smoke": "Networks of a few filters after a few steps, on small photographs: this shows that the experiment runs, "
    "and nothing else.",
    "desk": _ROWS + (
        "Scale desk: 64 x 64 patches instead of 256 x 256 pictures, of photographs with rain (derain) and of real "
        "chest X-rays to which ribs were added (debone: what the host takes off are the added ones); networks of the "
        "preset `fast`, without its bits in structure and in the correction: narrow ones, H adds a residual, pictures "
        "are distorted between H and R, outputs of an unmarked surrogate count as clean ones too, and no VGG. The "
        "logo, clean pictures and the code weigh more than there, and training takes 1,000, 200 and 300 steps. "
        "HiDDeN has 30 bits instead of 64. Surrogates have 16 filters instead of 64 and 700 steps instead of 112,500."
    ),
    "paper": _ROWS + (
        "Scale paper: the settings of section 4.1, at 256 x 256; the proxy is told the code, which the paper's is "
        "not. It takes more pictures than the data here hold: patches of them repeat."
    ),
}  # fmt: skip

# Name, what it shows, function, and minutes at the scales smoke and desk.
EXPERIMENTS = experiments_in(__name__, NOTES, (
    ("table1", "what marks of five kinds cost, and that they are extracted", "fidelity:table1", (1, 50)),
    ("table2", "nine surrogates, with and without the adversarial stage", "robustness:table2", (2, 60)),
    ("table3", "methods that hide bits, beside ours", "baselines:table3", (2, 50)),
    ("table4", "surrogates of overwritten outputs, and an extractor that learnt to read below", "overwriting:table4",
     (1, 60)),
    ("table5", "five weights of the extracting loss", "fidelity:table5", (1, 30)),
    ("table6", "marks of 32 to 256 pixels on a canvas of 256", "fidelity:table6", (1, 30)),
    ("table7", "one network for ten marks, beside a network for each", "releases:table7", (1, 45)),
    ("table8", "surrogates of a release of such a network", "releases:table8", (2, 60)),
    ("table9", "a host that hides its own mark", "absorbed:table9", (1, 20)),
    ("table10", "a data set and a traditional algorithm", "protection:table10", (2, 30)),
    ("table11", "surrogates of such a host", "absorbed:table11", (1, 50)),
    ("fig5", "marked pictures, residuals and extracted marks", "figures:figure5", (1, 50)),
    ("fig6", "grey histograms of unmarked and marked pictures", "figures:figure6", (1, 8)),
    ("fig7", "outputs of surrogates, and what is extracted from them", "figures:figure7", (1, 45)),
    ("fig8", "bits that are read after additive marking", "baselines:figure8", (1, 8)),
    ("fig9", "what is extracted below other marks", "overwriting:figure9", (1, 60)),
    ("fig10", "surrogates of more and more channels", "widths:figure10", (1, 20)),
    ("fig11", "without the clean loss", "ablations:figure11", (1, 15)),
    ("fig12", "without the consistency loss", "ablations:figure12", (2, 30)),
    ("fig13", "releases of one network, and of a network for each", "releases:figure13", (1, 45)),
    ("fig14", "outputs of a host that hides its own mark", "absorbed:figure14", (1, 20)),
    ("fig15", "what is read after marking an algorithm's outputs", "protection:figure15", (2, 30)),
    ("section44", "time of embedding and of extracting", "timing:section44", (1, 1)),
))  # fmt: skip
