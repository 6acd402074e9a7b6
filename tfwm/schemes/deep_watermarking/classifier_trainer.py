"""C alone, for a mark without the adversarial stage: table 2 judges these by C too, so they need one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf

from tfwm.schemes.deep_watermarking import losses
from tfwm.schemes.deep_watermarking.distortions import distort
from tfwm.schemes.deep_watermarking.networks import Networks, split_outputs
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.schemes.deep_watermarking.trainer import Batch, Marker
from tfwm.training import Metered, descend, in_parts, mean_over_batch, scaled


class ClassifierTrainer(Metered):
    """C on what R extracts from B' and from A and B (eq. 14); H and R stay as they are."""

    def __init__(self, settings: DeepWatermarkingSettings, networks: Networks, mark: tf.Tensor, at_once: int = 0):
        super().__init__(["loss", "nc"])
        self.settings, self.marker = settings, Marker(settings, networks.embedder, mark)
        self.extractor, self.classifier = networks.extractor, networks.classifier
        self.read = in_parts(self.extractor, at_once)

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        """C under `optimizer`."""
        return {"optimizer": self.classifier.trainable_variables}

    def train_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """One step of C."""
        extracted, count = self._extracted(batch)
        with tf.GradientTape() as tape:
            judging = self._judging(extracted, count)
            loss = scaled(self.optimizer, mean_over_batch(judging))
        descend(self.optimizer, tape, loss, self.trained["optimizer"])
        return self.record({"loss": judging, "nc": losses.correlation(extracted[:count], self.marker.mark)})

    def test_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """The figures of a batch that is not trained on."""
        extracted, count = self._extracted(batch)
        judging = self._judging(extracted, count)
        return self.record({"loss": judging, "nc": losses.correlation(extracted[:count], self.marker.mark)})

    def _extracted(self, batch: Batch) -> tuple[tf.Tensor, int]:
        """What R draws of marked images, then of clean ones, and how many are marked."""
        inputs, outputs, stride = batch["inputs"], batch["outputs"], self.settings.clean_stride
        marked = self.marker.embed(outputs, self.marker.codes(batch["seed"]), training=False)
        seen = distort(tf.cast(marked, tf.float32), outputs, batch["seed"], self.settings.distortions)
        clean = [inputs[::stride], outputs[stride // 2 :: stride]]
        image, _ = split_outputs(self.read(tf.concat([seen, *clean], axis=0)))
        return tf.stop_gradient(image), losses.static_batch(seen)

    def _judging(self, extracted: tf.Tensor, count: int) -> tf.Tensor:
        logits = self.classifier(extracted, training=True)
        labels = tf.concat([tf.ones_like(logits[:count]), tf.zeros_like(logits[count:])], axis=0)
        return losses.classifier_loss(logits, labels)
