"""Tables VI to IX: pruning, fine-tuning and overwriting, beside the two baselines.

"Ours" is the coded variant: the paper's distance to the updated S, its threshold and its NCC are those of the paper,
and the bits give an honest p-value beside them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tensorflow import keras

from tfwm.attacks import FineTune, Overwrite, Prune, fine_tuned_at
from tfwm.config import to_dict
from tfwm.networks import load_network
from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.quan2020.fidelity import BASELINES, quality_at_home, verdict_of
from tfwm.papers.quan2020.models import VERSION, marked_of, marked_recipe
from tfwm.papers.quan2020.pictures import thief_pairs, training_pairs
from tfwm.papers.quan2020.scales import HOSTS, SIGMA, baseline, scale_of, trigger_scheme
from tfwm.schemes import scheme_to_dict
from tfwm.suspects import KerasSuspect
from tfwm.training import Schedule

NCC_NEEDED = 0.95
PRUNED = {"dncnn": (0.25, 0.3, 0.35, 0.4), "red": (0.08, 0.1, 0.15, 0.2), "vdsr": (0.25, 0.3, 0.35, 0.4),
          "sr_dncnn": (0.25, 0.3, 0.35, 0.4)}  # fmt: skip
"""Shares of table VI; its second row prints 0.22 between 0.25 and 0.35, read here as 0.30."""
EXTRA_SHARES = (0.05, 0.1, 0.2)
EPOCHS = (10, 25, 50, 75, 100)
"""Epochs of table VII."""


def ours(context: Context, name: str) -> Any:
    """The scheme of tables VI to IX."""
    return trigger_scheme(context, name, coded=True, alpha=1e-6)


def schemes_of(context: Context, name: str) -> dict[str, Any]:
    """The three columns of the comparison."""
    return {"ours": ours(context, name), **{kind: baseline(context, kind, name) for kind in BASELINES}}
