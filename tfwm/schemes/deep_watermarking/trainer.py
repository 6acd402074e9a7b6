"""The trainers: H, R and D together (initial stage), the proxy surrogate, then R and C (adversarial stage)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow import keras

from tfwm.data import draws
from tfwm.schemes.deep_watermarking import losses
from tfwm.schemes.deep_watermarking.distortions import distort
from tfwm.schemes.deep_watermarking.networks import carriers
from tfwm.training import descend, mean_over_batch, scaled

if TYPE_CHECKING:
    from tfwm.schemes.deep_watermarking.scheme import DeepWatermarking

Batch = dict[str, tf.Tensor]


@dataclass
class Networks:
    """The networks of one training; `features` is VGG for eq. 7, or None."""

    embedder: keras.Model
    extractor: keras.Model
    discriminator: keras.Model
    classifier: keras.Model
    proxy: keras.Model
    features: Callable[[tf.Tensor], tf.Tensor] | None = None


class Marker:
    """Draws codes and applies H: the part that all three trainers share.

    Args:
      settings: the scheme.
      embedder: H.
      mark: `[size, size, c]` float, the owner's logo.
    """

    def __init__(self, settings: DeepWatermarking, embedder: keras.Model, mark: tf.Tensor):
        self.settings, self.embedder, self.mark = settings, embedder, tf.constant(mark)

    def codes(self, seeds: tf.Tensor) -> tf.Tensor | None:
        """Fresh codes of -1 and 1, `[n, k * k]`; neighbours 2i and 2i + 1 share one, for eq. 10."""
        if not self.settings.coded:
            return None
        count = self.settings.cells**2
        return tf.repeat(draws.signs(seeds[::2], 0, (count,)), 2, axis=0)

    def embed(self, images: tf.Tensor, codes: tf.Tensor | None, training: bool) -> tf.Tensor:
        """b' = H(b, mark)."""
        carried = carriers(codes, self.mark, self.settings.image_size, tf.shape(images)[0])
        return self.embedder(tf.concat([images, carried], axis=-1), training=training)

    def condition(self, images: tf.Tensor, codes: tf.Tensor | None) -> tf.Tensor:
        """What tells the proxy which mark to imitate: the code map, or ones; `[n, size, size, 1]`."""
        if codes is None:
            return tf.ones_like(images[..., :1])
        return carriers(codes, None, self.settings.image_size, tf.shape(images)[0])


def split_outputs(network_output: Any) -> tuple[tf.Tensor, tf.Tensor | None]:
    """R gives (image, code logits), or the image alone for logo marks."""
    if isinstance(network_output, (list, tuple)):
        return tf.cast(network_output[0], tf.float32), tf.cast(network_output[1], tf.float32)
    return tf.cast(network_output, tf.float32), None


def agreement(logits: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
    """Share of cells whose sign is right, per example."""
    right = tf.cast(tf.equal(tf.sign(tf.reshape(logits, tf.shape(codes))), codes), tf.float32)
    return tf.reduce_mean(right, axis=1)


def correlation(extracted: tf.Tensor, mark: tf.Tensor) -> tf.Tensor:
    """NC, eq. 13, per example."""
    product = tf.reduce_sum(extracted * mark[None], axis=[1, 2, 3])
    norms = tf.norm(tf.reshape(extracted, [tf.shape(extracted)[0], -1]), axis=1) * tf.norm(mark)
    return product / tf.maximum(norms, 1e-12)


class _Metered(keras.Model):
    """Keeps a running mean per scalar; Keras resets and, under a strategy, merges them."""

    def __init__(self, names: Iterable[str]):
        super().__init__()
        self._means = {name: keras.metrics.Mean(name) for name in names}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self._means.values())

    def record(self, values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        for name, value in values.items():
            self._means[name].update_state(value)
        return {name: mean.result() for name, mean in self._means.items()}


class InitialTrainer(_Metered):
    """The initial stage: eq. 4 for H and R in one step, eq. 8 for D."""

    def __init__(self, settings: DeepWatermarking, networks: Networks, mark: tf.Tensor):
        super().__init__(["loss", "psnr", "nc", "adversarial", "discriminator"] + ["bits"] * settings.coded)
        self.settings, self.marker = settings, Marker(settings, networks.embedder, mark)
        self.embedder, self.extractor, self.discriminator = (
            networks.embedder, networks.extractor, networks.discriminator,
        )  # fmt: skip
        self.features = networks.features
        self.discriminator_optimizer: keras.optimizers.Optimizer | None = None

    @property
    def main_variables(self) -> list[tf.Variable]:
        return self.embedder.trainable_variables + self.extractor.trainable_variables

    def compile(self, optimizer: Any, discriminator_optimizer: Any, jit_compile: bool = False) -> None:
        super().compile(optimizer=optimizer, jit_compile=jit_compile)
        self.discriminator_optimizer = discriminator_optimizer
        optimizer.build(self.main_variables)
        discriminator_optimizer.build(self.discriminator.trainable_variables)

    def train_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """One step of H and R on eq. 4 and one of D on eq. 8, both from the same forward pass."""
        codes, unmarked = self.marker.codes(batch["seed"]), batch["outputs"]
        with tf.GradientTape(persistent=True) as tape:
            marked = self.marker.embed(unmarked, codes, training=True)
            embedding, figures = self._embedding_loss(marked, unmarked)
            extracting, extracted = self._extracting_loss(batch, marked, codes)
            loss = mean_over_batch(embedding) + self.settings.extracting_weight * extracting
            real, fake = self.discriminator(unmarked, training=True), self.discriminator(tf.stop_gradient(marked))
            judging = losses.discriminator_loss(real, fake, self.settings.adversarial_form)
            main = scaled(self.optimizer, loss)
            second = scaled(self.discriminator_optimizer, mean_over_batch(judging))
        descend(self.optimizer, tape, main, self.main_variables)
        descend(self.discriminator_optimizer, tape, second, self.discriminator.trainable_variables)
        return self.record({"loss": loss * self._replicas(), "discriminator": judging, **figures, **extracted})

    def _replicas(self) -> int:
        return tf.distribute.get_strategy().num_replicas_in_sync

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
        psnr = -10.0 * tf.math.log(pixel + 1e-12) / tf.math.log(10.0)
        return self.fidelity_weight() * total, {"psnr": psnr, "adversarial": fooling}

    def _extracting_loss(
        self, batch: Batch, marked: tf.Tensor, codes: tf.Tensor | None
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """L_ext, eq. 11, averaged; R sees marked and clean images in one call (its norm is per image)."""
        stride = self.settings.clean_stride
        seen = distort(tf.cast(marked, tf.float32), batch["outputs"], batch["seed"], self.settings.distortions)
        clean = tf.concat([batch["inputs"][::stride], batch["outputs"][stride // 2 :: stride]], axis=0)
        image, logits = split_outputs(self.extractor(tf.concat([seen, clean], axis=0), training=True))
        return extracting_loss(self.settings, self.marker.mark, image, logits, codes, len_of(seen))


def len_of(images: tf.Tensor) -> int:
    """The static batch where there is one (training drops remainders)."""
    return images.shape[0] if images.shape[0] is not None else tf.shape(images)[0]


def extracting_loss(
    settings: DeepWatermarking, mark: tf.Tensor, image: tf.Tensor, logits: tf.Tensor | None,
    codes: tf.Tensor | None, count: int,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:  # fmt: skip
    """eq. 11 (eq. 12 where the first `count` images hold proxy outputs too), and figures for the bar."""
    marked = image[:count]
    per_marked = settings.reconstruction_weight * losses.reconstruction_loss(marked, mark[None])
    per_marked += settings.consistency_weight * losses.consistency_loss(marked)
    figures = {"nc": correlation(marked, mark)}
    if logits is not None and codes is not None:
        cells = tf.reshape(codes, tf.shape(logits[:count]))
        per_marked += settings.code_weight * losses.code_loss(logits[:count], cells)
        figures["bits"] = agreement(logits[:count], codes)
    # eq. 9 sums the clean losses of a and b: twice the mean over both halves.
    clean = 2.0 * settings.clean_weight * mean_over_batch(losses.clean_loss(image[count:]))
    return mean_over_batch(per_marked) + clean, figures


class ProxyTrainer(_Metered):
    """The proxy surrogate SM of section 3.4.3, on (a, b') with an L2 loss.

    One network imitates every code: it takes the code map as a further channel, so that R cannot learn
    the codes of a few fixed proxies. Where the map is zero it imitates the unmarked host.
    """

    def __init__(self, settings: DeepWatermarking, networks: Networks, mark: tf.Tensor):
        super().__init__(["loss", "psnr"])
        self.settings, self.marker, self.proxy = settings, Marker(settings, networks.embedder, mark), networks.proxy

    def compile(self, optimizer: Any, jit_compile: bool = False) -> None:
        super().compile(optimizer=optimizer, jit_compile=jit_compile)
        optimizer.build(self.proxy.trainable_variables)

    def train_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """One step; with `clean_outputs`, every other pair of the batch is unmarked."""
        codes = self.marker.codes(batch["seed"])
        marked = self.marker.embed(batch["outputs"], codes, training=False)
        condition = self.marker.condition(marked, codes)
        if self.settings.clean_outputs:
            on = tf.cast(tf.range(tf.shape(marked)[0]) // 2 % 2 == 0, marked.dtype)[:, None, None, None]
            marked, condition = on * marked + (1 - on) * batch["outputs"], on * condition
        with tf.GradientTape() as tape:
            imitated = self.proxy(tf.concat([batch["inputs"], condition], axis=-1), training=True)
            errors = losses.squared_error(imitated, marked)
            loss = scaled(self.optimizer, mean_over_batch(errors))
        descend(self.optimizer, tape, loss, self.proxy.trainable_variables)
        return self.record({"loss": errors, "psnr": -10.0 * tf.math.log(errors + 1e-12) / tf.math.log(10.0)})


class AdversarialTrainer(_Metered):
    """The adversarial stage: R on A, B, B' and B'' (eq. 9, 12), and C on what R extracts (eq. 14)."""

    def __init__(self, settings: DeepWatermarking, networks: Networks, mark: tf.Tensor):
        super().__init__(["loss", "nc", "classifier", "proxy_nc"] + ["bits", "proxy_bits"] * settings.coded)
        self.settings, self.marker = settings, Marker(settings, networks.embedder, mark)
        self.extractor, self.classifier, self.proxy = networks.extractor, networks.classifier, networks.proxy

    @property
    def main_variables(self) -> list[tf.Variable]:
        return self.extractor.trainable_variables + self.classifier.trainable_variables

    def compile(self, optimizer: Any, jit_compile: bool = False) -> None:
        super().compile(optimizer=optimizer, jit_compile=jit_compile)
        optimizer.build(self.main_variables)

    def train_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """One step of R on eq. 11 with eq. 12, and of C on eq. 14."""
        codes = self.marker.codes(batch["seed"])
        marked, clean = self._images(batch, codes)
        count, twice = len_of(marked), None if codes is None else tf.concat([codes, codes], axis=0)
        with tf.GradientTape() as tape:
            image, logits = split_outputs(self.extractor(tf.concat([marked, clean], axis=0), training=True))
            extracting, figures = extracting_loss(self.settings, self.marker.mark, image, logits, twice, count)
            judging = self._classifier_loss(image, count)
            total = extracting + mean_over_batch(judging)
            loss = scaled(self.optimizer, total)
        descend(self.optimizer, tape, loss, self.main_variables)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return self.record({"loss": total * replicas, "classifier": judging, **_halves(figures, count // 2)})

    def _images(self, batch: Batch, codes: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """(B' and B'', A and B and, with `clean_outputs`, the proxy's unmarked outputs)."""
        inputs, outputs = batch["inputs"], batch["outputs"]
        marked = self.marker.embed(outputs, codes, training=False)
        condition = self.marker.condition(outputs, codes)
        imitated = self.proxy(tf.concat([inputs, condition], axis=-1), training=False)
        seen = distort(marked, outputs, batch["seed"], self.settings.distortions)
        stride = self.settings.clean_stride
        clean = [inputs[::stride], outputs[stride // 2 :: stride]]
        if self.settings.clean_outputs:
            blank = tf.concat([inputs, tf.zeros_like(condition)], axis=-1)[stride // 2 :: stride]
            clean.append(self.proxy(blank, training=False))
        return tf.concat([seen, imitated], axis=0), tf.concat(clean, axis=0)

    def _classifier_loss(self, image: tf.Tensor, count: int) -> tf.Tensor:
        """eq. 14 per example. C learns from what R extracts, but does not pull R towards its own verdict."""
        logits = self.classifier(tf.stop_gradient(image), training=True)
        labels = tf.concat([tf.ones_like(logits[:count]), tf.zeros_like(logits[count:])], axis=0)
        return losses.classifier_loss(logits, labels)


def _halves(figures: dict[str, tf.Tensor], half: int) -> dict[str, tf.Tensor]:
    """Figures of marked images under their own name, those of proxy outputs as `proxy_...`."""
    own = {name: value[:half] for name, value in figures.items()}
    return {**own, **{f"proxy_{name}": value[half:] for name, value in figures.items()}}
