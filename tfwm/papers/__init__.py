"""The papers' tables and figures, each a command: `tfwm reproduce quan2020.table1`.

    recipe, make -> Cache -> Experiment.run(Context) -> Findings -> results/<paper>/<experiment>.json, .md and .png

A paper is a package here with `EXPERIMENTS`, and one line in `engine/registry.py`. Importing it loads no TensorFlow.
Its folder keeps what is the paper's own: its hosts and their sizes at each scale, its tables and figures.

| room | holds |
|---|---|
| engine/ | what every paper's experiments run on |
| quan2020/ | Quan et al. 2020: trigger images in restoration networks |
| zhang2021/ | Zhang et al. 2021: marks in the outputs of restoration networks |
| li2019/ | Li et al. 2019: blind watermarks in classifiers |
| deepstego/ | Li and Guo 2019: stego images in classifiers, with the hosts of li2019 |
| survival/ | what marks survive: the library's own tables |
| detection/ | detectors of key samples, which tables of li2019 and deepstego measure |
"""

from tfwm.papers.engine.experiment import SCALES, Context, Experiment
from tfwm.papers.engine.findings import Claim, Findings, Row

__all__ = ["SCALES", "Claim", "Context", "Experiment", "Findings", "Row"]
