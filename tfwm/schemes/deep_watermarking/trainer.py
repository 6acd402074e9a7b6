"""The trainers: H, R and D together (initial stage), the proxy surrogate, then R and C (adversarial stage)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf

from tfwm.schemes.deep_watermarking import losses
from tfwm.schemes.deep_watermarking.marker import Marker
from tfwm.schemes.deep_watermarking.networks import Networks, split_outputs
from tfwm.schemes.deep_watermarking.settings import DeepWatermarkingSettings
from tfwm.training import (
    Metered,
    NetworkTrainer,
    Watch,
    descend,
    descend_together,
    in_parts,
    mean_over_batch,
    psnr_of,
    scaled,
)  # fmt: skip

Batch = dict[str, tf.Tensor]
"""`inputs` and `outputs` of the host `[n, size, size, c]`, and `seed` int64 `[n, 2]`, one for each image."""


class InitialTrainer(Metered):
    """The initial stage: eq. 4 for H and R in one step, eq. 8 for D."""

    def __init__(self, settings: DeepWatermarkingSettings, networks: Networks, mark: tf.Tensor, at_once: int = 0):
        super().__init__(["loss", "psnr", "nc", "adversarial", "discriminator"] + ["bits"] * settings.coded)
        self.settings, self.marker = settings, Marker(settings, networks.embedder, mark, networks.overwriter)
        self.embedder, self.extractor, self.discriminator = (
            networks.embedder, networks.extractor, networks.discriminator,
        )  # fmt: skip
        self.features, self.read = networks.features, in_parts(self.extractor, at_once)

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        """H and R together under `optimizer`, or R apart where it has a patience of its own; and D."""
        embedding, extracting = self.embedder.trainable_variables, self.extractor.trainable_variables
        judging = {"discriminator_optimizer": self.discriminator.trainable_variables}
        if self.settings.extractor_patience:
            return {"optimizer": embedding, "extractor_optimizer": extracting, **judging}
        return {"optimizer": embedding + extracting, **judging}

    @property
    def plateaus(self) -> Sequence[Watch]:
        """One for all; or, as in the authors' code, H and R on the loss, each with its patience, and D on its own."""
        if not self.settings.extractor_patience:
            return super().plateaus
        return (
            Watch(("optimizer",)), Watch(("extractor_optimizer",), patience=self.settings.extractor_patience),
            Watch(("discriminator_optimizer",), figure="discriminator"),
        )  # fmt: skip

    def train_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """One step of H and R on eq. 4 and one of D on eq. 8, both from the same forward pass."""
        with tf.GradientTape(persistent=True) as tape:
            loss, judging, figures = self._forward(batch, training=True)
            main = scaled(self.optimizer, loss)
            second = scaled(self.discriminator_optimizer, mean_over_batch(judging))
        names = [name for name in self.trained if name != "discriminator_optimizer"]
        variables = [self.trained[name] for name in names]
        descend_together([getattr(self, name) for name in names], tape, main, variables)
        descend(self.discriminator_optimizer, tape, second, self.discriminator.trainable_variables)
        return self.record(figures)

    def test_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """The figures of a batch that is not trained on, with H's statistics as in use."""
        return self.record(self._forward(batch, training=False)[2])

    def _forward(self, batch: Batch, training: bool) -> tuple[tf.Tensor, tf.Tensor, dict[str, tf.Tensor]]:
        """The loss of H and R, averaged, D's for each example, and the figures."""
        codes, numbers, unmarked = (
            self.marker.codes(batch["seed"]),
            self.marker.numbers(batch["seed"]),
            batch["outputs"],
        )
        marked = self.marker.embed(self.marker.pictures(batch), codes, training, numbers)
        embedding, figures = self._embedding_loss(marked, unmarked)
        extracting, extracted = self._extracting_loss(batch, marked, codes, self.marker.marks(numbers))
        loss = mean_over_batch(embedding) + self.settings.extracting_weight * extracting
        real, fake = self.discriminator(unmarked, training=True), self.discriminator(tf.stop_gradient(marked))
        judging = losses.discriminator_loss(real, fake, self.settings.adversarial_form)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return loss, judging, {"loss": loss * replicas, "discriminator": judging, **figures, **extracted}

    def fidelity_weight(self) -> tf.Tensor:
        """The ramp of the embedding loss: R first learns that there is something to read."""
        start, end, floor = self.settings.ramp_start, self.settings.ramp_end, self.settings.ramp_floor
        if end <= start:
            return tf.constant(1.0)
        progress = (tf.cast(self.optimizer.iterations, tf.float32) - start) / (end - start)
        return floor + (1.0 - floor) * tf.clip_by_value(progress, 0.0, 1.0)

    def _embedding_loss(self, marked: tf.Tensor, unmarked: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """L_emd, eq. 5, per example."""
        s, marked = self.settings, tf.cast(marked, tf.float32)
        pixel = losses.pixel_loss(marked, unmarked)
        fooling = losses.adversarial_loss(self.discriminator(marked, training=True), s.adversarial_form)
        total = s.pixel_weight * pixel + s.adversarial_weight * fooling
        if self.features is not None:
            total += s.perceptual_weight * losses.perceptual_loss(self.features, marked, unmarked)
        psnr = psnr_of(pixel)
        return self.fidelity_weight() * total, {"psnr": psnr, "adversarial": fooling}

    def _extracting_loss(
        self, batch: Batch, marked: tf.Tensor, codes: tf.Tensor | None, mark: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """L_ext, eq. 11, averaged; R sees marked and clean images in one call (its norm is per image)."""
        seen, clean = self.marker.seen(marked, batch), self.marker.clean(batch)
        image, logits = split_outputs(self.read(tf.concat([seen, *clean], axis=0)))
        count = losses.static_batch(seen)
        return losses.extracting_loss(self.settings, mark, image, logits, codes, count, clean_sets=len(clean))


class ProxyTrainer(NetworkTrainer):
    """The proxy surrogate SM of section 3.4.3, on (a, b') with an L2 loss.

    Conditioned, one network imitates every code: it takes the code map as a further channel, so that R cannot learn
    the codes of a few fixed proxies. Where the map is zero it imitates the unmarked host.
    """

    def __init__(self, settings: DeepWatermarkingSettings, networks: Networks, mark: tf.Tensor, at_once: int = 0):
        super().__init__(networks.proxy, ["loss", "psnr"])
        self.settings, self.marker = settings, Marker(settings, networks.embedder, mark, networks.overwriter)

    def train_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """One step; with `clean_outputs`, half of the pairs are unmarked."""
        asked, wanted = self._pairs(batch)
        with tf.GradientTape() as tape:
            errors = losses.squared_error(self.network(asked, training=True), wanted)
            loss = scaled(self.optimizer, mean_over_batch(errors))
        descend(self.optimizer, tape, loss, self.network.trainable_variables)
        return self.record({"loss": errors, "psnr": psnr_of(errors)})

    def test_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """The figures of a batch that is not trained on."""
        asked, wanted = self._pairs(batch)
        errors = losses.squared_error(self.network(asked, training=False), wanted)
        return self.record({"loss": errors, "psnr": psnr_of(errors)})

    def _pairs(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """What the proxy sees, and what it shall answer."""
        codes, numbers = self.marker.codes(batch["seed"]), self.marker.numbers(batch["seed"])
        marked = self.marker.embed(self.marker.pictures(batch), codes, False, numbers)
        condition = self.marker.condition(marked, codes, numbers)
        if self.settings.clean_outputs:
            on = tf.cast(self.marker.chosen(batch["seed"]), marked.dtype)
            marked, condition = on * marked + (1 - on) * batch["outputs"], on * condition
        return self.marker.asked(batch["inputs"], condition), marked


class AdversarialTrainer(Metered):
    """The adversarial stage: R on A, B, B' and B'' (eq. 9, 12), and C on what R extracts (eq. 14)."""

    def __init__(self, settings: DeepWatermarkingSettings, networks: Networks, mark: tf.Tensor, at_once: int = 0):
        super().__init__(["loss", "nc", "classifier", "proxy_nc"] + ["bits", "proxy_bits"] * settings.coded)
        self.settings, self.marker = settings, Marker(settings, networks.embedder, mark, networks.overwriter)
        self.extractor, self.classifier, self.proxy = networks.extractor, networks.classifier, networks.proxy
        self.read = in_parts(self.extractor, at_once)

    @property
    def trained(self) -> Mapping[str, Sequence[tf.Variable]]:
        """R and C together, under `optimizer`."""
        return {"optimizer": self.extractor.trainable_variables + self.classifier.trainable_variables}

    def train_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """One step of R on eq. 11 with eq. 12, and of C on eq. 14."""
        drawn = self.marker.codes(batch["seed"]), self.marker.numbers(batch["seed"])
        images = self._images(batch, *drawn)
        with tf.GradientTape() as tape:
            total, figures = self._forward(*images, *drawn)
            loss = scaled(self.optimizer, total)
        descend(self.optimizer, tape, loss, self.trained["optimizer"])
        return self.record(figures)

    def test_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """The figures of a batch that is not trained on."""
        drawn = self.marker.codes(batch["seed"]), self.marker.numbers(batch["seed"])
        return self.record(self._forward(*self._images(batch, *drawn), *drawn)[1])

    def _forward(
        self, marked: tf.Tensor, clean: tf.Tensor, codes: tf.Tensor | None, numbers: tf.Tensor | None
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The loss of R and C, averaged, and the figures."""
        count, twice = losses.static_batch(marked), None if codes is None else tf.concat([codes, codes], axis=0)
        both = None if numbers is None else tf.concat([numbers, numbers], axis=0)
        image, logits = split_outputs(self.read(tf.concat([marked, clean], axis=0)))
        extracting, figures = losses.extracting_loss(
            self.settings, self.marker.marks(both), image, logits, twice, count, marked_sets=2,
            clean_sets=2 + self.settings.clean_outputs + (self.marker.overwriter is not None),
        )  # fmt: skip
        judging = losses.judging_loss(self.classifier, image, self.marker.labels(both, count))
        total = extracting + mean_over_batch(judging)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return total, {"loss": total * replicas, "classifier": judging, **_halves(figures, count // 2)}

    def _images(
        self, batch: Batch, codes: tf.Tensor | None, numbers: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor]:  # fmt: skip
        """(B' and B'', A and B and, with `clean_outputs`, the proxy's unmarked outputs)."""
        inputs, outputs = batch["inputs"], batch["outputs"]
        marked = self.marker.embed(self.marker.pictures(batch), codes, False, numbers)
        condition = self.marker.condition(outputs, codes, numbers)
        imitated = self.proxy(self.marker.asked(inputs, condition), training=False)
        seen, clean = self.marker.seen(marked, batch), self.marker.clean(batch)
        if self.settings.clean_outputs:
            stride = self.settings.clean_stride
            blank = self.marker.asked(inputs, tf.zeros_like(condition))[stride // 2 :: stride]
            clean.append(self.proxy(blank, training=False))
        return tf.concat([seen, imitated], axis=0), tf.concat(clean, axis=0)


def _halves(figures: dict[str, tf.Tensor], half: int) -> dict[str, tf.Tensor]:
    """Figures of marked images under their own name, those of proxy outputs as `proxy_...`."""
    own = {name: value[:half] for name, value in figures.items()}
    return {**own, **{f"proxy_{name}": value[half:] for name, value in figures.items()}}
