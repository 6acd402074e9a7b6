"""The digits, the classifier and the designs of its mark that are compared."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from tfwm.data.tasks.digits import handwritten_digits
from tfwm.kinds.classification_hosts import ClassifierSettings
from tfwm.papers.engine.experiment import Context
from tfwm.papers.engine.hosts import TrainedHosts
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.survival.tables import BEFORE
from tfwm.schemes.blind_watermark import BlindWatermark
from tfwm.training import Descent
from tfwm.types import CLASSIFICATION, LabelledImages

SIDES = {"smoke": 16, "desk": 32, "paper": 32}  # pixels
HINT = 0.1
SECRET_BYTES = 32
_FEW = 200  # pictures of a part at scale smoke


def digits(context: Context, part: str) -> LabelledImages:
    """Handwritten digits, divided by the seed as `make demo-classifier` divides them.

    Args:
      context: of one seed.
      part: `owner`, `attacker` or `test`; they share no picture.
    """
    found = _digits(SIDES[context.scale], context.seeds[0])[part]
    return found[np.arange(min(_FEW, len(found)))] if context.scale == "smoke" else found


@lru_cache(maxsize=3)
def _digits(side: int, seed: int) -> dict[str, LabelledImages]:
    return handwritten_digits(side, seed=seed)


def settings_of(context: Context, design: str) -> BlindWatermark:
    """The settings of a design.

    Args:
      context: of the experiment.
      design: `before` (labels of key samples alone) or `after` (ordinary images hint at them).
    """
    tiny, fast = BlindWatermark.tiny(), replace(BlindWatermark.fast(), samples=40, augment="crop")
    preset = replace(
        context.at(smoke=tiny, desk=fast, paper=fast), image_size=SIDES[context.scale], channels=1, classes=10
    )
    return replace(preset, hint=0.0 if design == BEFORE else HINT)


def _host_settings(context: Context, name: str) -> ClassifierSettings:
    desk = replace(ClassifierSettings.fast(), augment="crop", schedule=Descent(6, 120, 100, 0.1, "cosine"))
    return context.at(smoke=replace(ClassifierSettings.tiny(), network="lenet5", width=1.0), desk=desk, paper=desk)


HOSTS = TrainedHosts(CLASSIFICATION, "classifier", _host_settings, lambda context, name: digits(context, "owner"))


def host_of(context: Context) -> Subject:
    """The unmarked classifier.

    Args:
      context: of one seed.
    """
    return HOSTS.unmarked(context, "digits")


def marked(context: Context, design: str) -> Subject:
    """The classifier, marked by a design, and its key.

    Args:
      context: of one seed.
      design: `before` or `after`.
    """
    secret = np.random.default_rng((context.seeds[0], 2027)).bytes(SECRET_BYTES)
    return HOSTS.marked(context, "digits", settings_of(context, design), f"blind_watermark {design}", secret=secret)
