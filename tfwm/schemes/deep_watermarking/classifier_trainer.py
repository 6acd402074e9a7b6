"""C alone, for a mark without the adversarial stage: table 2 judges these by C too, so they need one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf

from tfwm.schemes.deep_watermarking import losses
from tfwm.schemes.deep_watermarking.marker import Marker
from tfwm.schemes.deep_watermarking.networks import Networks, split_outputs
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.schemes.deep_watermarking.trainer import Batch
from tfwm.training import Metered, descend, in_parts, mean_over_batch, scaled


class ClassifierTrainer(Metered):
    """C on what R extracts from B' and from A and B (eq. 14); H and R stay as they are."""

    def __init__(self, settings: DeepWatermarkingSettings, networks: Networks, mark: tf.Tensor, at_once: int = 0):
        super().__init__(["loss", "nc"])
        self.settings, self.marker = settings, Marker(settings, networks.embedder, mark, networks.overwriter)
        self.extractor, self.classifier = networks.extractor, networks.classifier
        self.read = in_parts(self.extractor, at_once)

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        """C under `optimizer`."""
        return {"optimizer": self.classifier.trainable_variables}

    def train_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """One step of C."""
        extracted, numbers, count = self._extracted(batch)
        with tf.GradientTape() as tape:
            judging = losses.judging_loss(self.classifier, extracted, self.marker.labels(numbers, count))
            loss = scaled(self.optimizer, mean_over_batch(judging))
        descend(self.optimizer, tape, loss, self.trained["optimizer"])
        return self.record({"loss": judging, "nc": losses.correlation(extracted[:count], self.marker.marks(numbers))})

    def test_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """The figures of a batch that is not trained on."""
        extracted, numbers, count = self._extracted(batch)
        judging = losses.judging_loss(self.classifier, extracted, self.marker.labels(numbers, count))
        return self.record({"loss": judging, "nc": losses.correlation(extracted[:count], self.marker.marks(numbers))})

    def _extracted(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor | None, int]:
        """What R draws of marked images, then of clean ones; which marks these are, and how many are marked."""
        numbers = self.marker.numbers(batch["seed"])
        marked = self.marker.embed(self.marker.pictures(batch), self.marker.codes(batch["seed"]), False, numbers)
        seen, clean = self.marker.seen(marked, batch), self.marker.clean(batch)
        image, _ = split_outputs(self.read(tf.concat([seen, *clean], axis=0)))
        return image, numbers, losses.static_batch(seen)
