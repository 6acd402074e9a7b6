"""Classifiers: hosts from images to one score a class."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tfwm.kinds.protocol import Wanted, check_number, remedy, shapes_of
from tfwm.kinds.quality import Correctness
from tfwm.kinds.wrappers import SCORE_WRAPPERS
from tfwm.suspects.answers import SCORES, Answer
from tfwm.types import CLASSIFICATION, LabelledImages, Suspect, Verdict

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.kinds.classification_hosts import ClassifierSettings
    from tfwm.training import Run

TINY_NETWORK = "lenet5"  # seconds, and room for key samples, which smaller ones lack
_ROUNDING = 1e-9  # of a difference between shares of the test part


class Classification:
    """See `tfwm.kinds.protocol.Kind`."""

    name = CLASSIFICATION
    models = "classifiers"
    answer: Answer = SCORES
    data = LabelledImages
    default_network = "resnet18"
    counts: Mapping[str, int] = {"fast": 3000, "tiny": 400, "paper": 6000, "reference": 6000}
    test_count = 500
    columns: Mapping[str, str] = {"accuracy": "accuracy", "as marked": "agreement"}
    task_figures = ("host_accuracy", "marked_accuracy")
    thresholds = ("max_accuracy_loss",)
    usual_policy: Mapping[str, Any] = {
        "max_accuracy_loss": 0.02, "alpha": 1e-6, "must_survive": ["prune(0.2)", "quantize(8)", "weight_noise(0.05)"],
    }  # fmt: skip
    # Secret labels of secret samples are not in a copy that learnt from other answers: that is recorded.
    usual_attacks: tuple[Mapping[str, Any], ...] = (
        {"attack": "prune", "share": 0.2},
        {"attack": "prune", "share": 0.4},
        {"attack": "quantize", "bits": 8},
        {"attack": "weight_noise", "sigma": 0.05},
        {"attack": "tune_classifier", "layers": "all"},
        {"attack": "fine_prune", "share": 0.3},
        {"attack": "extract_classifier"},
        {"attack": "request_jpeg", "quality": 90},
        {"attack": "request_resize", "factor": 0.5},
        *SCORE_WRAPPERS,
    )
    trivial: Mapping[str, str] = {
        "trivial: constant class": "constant_class", "trivial: majority class": "majority_class",
        "trivial: random scores": "random_scores", "trivial: hashed class": "hashed_class",
    }  # fmt: skip
    origins: Mapping[str, str] = {
        "trivial: constant class": "gives every picture the same class",
        "trivial: majority class": "gives every picture the thief’s commonest class",
        "trivial: random scores": "answers with random scores",
        "trivial: hashed class": "gives every picture a random class, always the same one",
    }

    @property
    def networks(self) -> Mapping[str, Any]:
        """The hosts that `train_host` can train."""
        from tfwm.networks.classifiers import CLASSIFIERS

        return CLASSIFIERS

    @property
    def settings(self) -> type[ClassifierSettings]:
        """`ClassifierSettings`."""
        from tfwm.kinds.classification_hosts import ClassifierSettings

        return ClassifierSettings

    def fits(self, network: keras.Model) -> bool:
        """Whether it maps images to the scores of at least two classes."""
        taken, given = shapes_of(network)
        images = isinstance(taken, tuple) and len(taken) == 4
        return images and isinstance(given, tuple) and len(given) == 2 and (given[1] or 0) >= 2

    def check(self, network: keras.Model, data: LabelledImages | None, named: str) -> None:
        """Refuses a network that does not answer the data's pictures with one score for each of their classes.

        Args:
          network: of anybody.
          data: the labelled images; None asks only whether it is a classifier.
          named: the option that gave the network, for the message.

        Raises:
          ValueError: it does not.
        """
        if not self.fits(network):
            taken, given = shapes_of(network)
            raise ValueError(
                f"`{named}` must map images [n, height, width, channels] to scores [n, classes], got {taken} to "
                f"{given}. {remedy(network, 'Give a classifier, or the --scheme for your kind of network.')}"
            )
        check_number(network, named)
        if data is None:
            return
        taken, classes, shape = network.input_shape[1:], network.output_shape[1], data.images.shape[1:]
        if any(a not in (None, b) for a, b in zip(taken, shape)) or classes != data.classes:
            raise ValueError(
                f"`{named}` takes pictures {list(taken)} and knows {classes} classes, but the data have pictures "
                f"{list(shape)} of {data.classes} classes. Give the classifier's own kind of data."
            )

    def measured(self, network: keras.Model, data: LabelledImages, named: str) -> str:
        """How well a host of the owner's does; see `tfwm.kinds.skill.check_classifier`.

        Args:
          network: fits the data.
          data: the owner's.
          named: the option that gave the network, for the message.

        Raises:
          ValueError: it guesses, or works on pictures of another range than [0, 1].
        """
        from tfwm.kinds.skill import check_classifier

        return check_classifier(network, data, named)

    def read(self, source: str | None, wanted: Wanted, say: Callable[[str], None]) -> dict[str, LabelledImages]:
        """The parts of a labelled data set; without one, patches of ten photographs, a task for trials.

        Args:
          source: an npz file or a folder, as `tfwm.data.reading.labelled.labelled_parts` reads them; or None.
          wanted: `counts` of a trial; of a data set all, but no more than `limit` to train on.
          say: is called with a sentence where a trial takes the place of data, and on each file that is left out.

        Raises:
          FileNotFoundError: there is no such data.
          ValueError: no labelled images, or pictures of several sizes.
        """
        from tfwm.data.reading.labelled import labelled_parts

        taken = (None, None, None) if wanted.network is None else wanted.network.input_shape[1:]
        channels = wanted.chosen_channels or (taken[2] if taken[2] in (1, 3) else None)
        if source is None:
            side = taken[0] or wanted.image_size
            say(f"no --data: a trial on patches of {side} x {side} pixels from ten photographs")
            return _trial(wanted, side, channels or wanted.channels)
        parts = labelled_parts(source, seed=wanted.seed, channels=channels, say=say)
        _check_sizes({name: parts[name].images.shape[1:] for name in wanted.counts}, source)
        return {name: _some(parts[name], None if name == "test" else wanted.limit, wanted.seed)
                for name in wanted.counts}  # fmt: skip

    def described(self, data: LabelledImages, network: keras.Model | None) -> dict[str, Any]:
        """Fields of a scheme that the data decide: size, channels and classes; and the host: what it answers with.

        Args:
          data: the owner's.
          network: a host of the owner's; None where it is trained here.
        """
        from tfwm.training import answers_with

        found = {"image_size": data.images.shape[1], "channels": data.images.shape[3], "classes": data.classes}
        return found if network is None else {**found, "outputs": answers_with(network, data.images)}

    def preset(self, name: str, **changes: Any) -> ClassifierSettings:
        """Settings of a host for a preset of a scheme.

        Args:
          name: `fast` and `tiny` have their own; every other name gives the papers'.
          changes: fields of `ClassifierSettings`; those that are None stay as they are.
        """
        presets = {"fast": self.settings.fast, "tiny": self.settings.tiny}
        settings = presets.get(name, self.settings)()
        given = {field: value for field, value in changes.items() if value is not None}
        if name == "tiny" and "network" not in given:
            settings = dataclasses.replace(settings, network=TINY_NETWORK, width=1.0)
        return dataclasses.replace(settings, **given)

    def train_host(self, data: LabelledImages, settings: ClassifierSettings, run: Run) -> keras.Model:
        """Trains an unmarked classifier; resumes after a kill.

        Args:
          data: the owner's labelled images.
          settings: the network and its schedule.
          run: where and how.
        """
        from tfwm.kinds.classification_hosts import train_classifier

        return train_classifier(data, settings, run)

    def quality(self, test: LabelledImages) -> Correctness:
        """Accuracy and agreement on the test part."""
        return Correctness(test)

    def guessers(self, thief: LabelledImages, *, seed: int) -> Mapping[str, Suspect]:
        """One class, the thief's commonest class, random scores, and a class drawn for each picture.

        Args:
          thief: whose commonest class one of them gives.
          seed: of the random ones.
        """
        from tfwm.suspects.trivial import guessers

        return {suspect.name: suspect for suspect in guessers(thief, seed=seed)}

    def images(self, data: LabelledImages) -> np.ndarray:
        """The images without their labels."""
        return data.images

    def shortfalls(self, fidelity: Mapping[str, float | None], policy: Any) -> list[str]:
        """What the mark costs beyond the policy: accuracy.

        Args:
          fidelity: as `Correctness.fidelity` gives it.
          policy: has `max_accuracy_loss`.
        """
        most = policy.max_accuracy_loss
        before, after = fidelity.get("host_accuracy"), fidelity.get("marked_accuracy")
        if most is None:
            return []
        if before is None or after is None:
            return ["the classifier's accuracy could not be measured with and without the mark."]
        if before - after <= most + _ROUNDING:
            return []
        return [
            f"the mark costs the classifier {100 * (before - after):.2f} points of accuracy, from {before:.2%} to "
            f"{after:.2%}; the policy allows at most {100 * most:g}."
        ]

    def cost(self, fidelity: Mapping[str, float | None], images: int) -> str:
        """The accuracy without and with the mark.

        Args:
          fidelity: as `Correctness.fidelity` gives it.
          images: how many test images it was measured on.
        """
        before, after = fidelity["host_accuracy"], fidelity["marked_accuracy"]
        return f"Accuracy on {images} test images: {before:.1%} without the mark, {after:.1%} with it."

    def claim(self, verdict: Verdict) -> tuple[str, dict[str, Any]]:
        """How many of its key samples the marked model gives their secret label."""
        sentence = (
            f"Of its {verdict.n} key samples the marked model gives {verdict.score:.1%} their secret label (a claim "
            f"takes {verdict.threshold:.1%})."
        )
        figures = {"key_accuracy": verdict.score, "key_samples": verdict.n, "verified": verdict.marked}
        return sentence, figures


KIND = Classification()


def _trial(wanted: Wanted, side: int, channels: int) -> dict[str, LabelledImages]:
    from tfwm.data.tasks.trial import photograph_patches

    return {
        part: photograph_patches(part, count, side, seed=wanted.seed, channels=channels)
        for part, count in wanted.counts.items()
    }


def _check_sizes(shapes: Mapping[str, tuple[int, ...]], source: str) -> None:
    height, width = next(iter(shapes.values()))[:2]
    if len(set(shapes.values())) > 1 or height != width:
        listed = ", ".join(f"{list(shape)} in the part `{name}`" for name, shape in shapes.items())
        raise ValueError(f"`--data` {source} must hold square pictures of one size, got {listed}. Resize them.")


def _some(part: LabelledImages, limit: int | None, seed: int) -> LabelledImages:
    """All, or as many as `limit`, drawn evenly from the whole part."""
    if limit is None or limit >= len(part):
        return part
    return part[np.sort(np.random.default_rng(seed).permutation(len(part))[:limit])]
