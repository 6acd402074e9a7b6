"""Settings that all schemes on key samples share, those of an encoder, and sizes that their presets share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar

import numpy as np
from tensorflow import keras

from tfwm.config import LATER, check_at_least_one, check_range, choose, to_dict
from tfwm.data.logos import read_logo
from tfwm.evidence import statistics, verdicts
from tfwm.evidence.binding import Draws
from tfwm.networks.classifiers import CLASSIFIERS
from tfwm.schemes.key_samples.drawing import label_chance
from tfwm.training import AUGMENTATIONS, OUTPUTS, Descent, Margin, Schedule
from tfwm.types import CLASSIFICATION

S = TypeVar("S", bound="KeySampleSettings")

DISCRIMINATORS = ("linear", "convolutional")
LABELS = ("last", "joint")
OWN = "own"


@dataclass(frozen=True)
class KeySampleSettings:
    """How a classifier learns to answer key samples with secret labels.

    Args:
      image_size: side of the host's pictures in pixels.
      channels: 1 or 3.
      classes: of the host.
      samples: how many key samples; 1 % of the training images in the paper.
      key_batch: how many of them stand in every batch, beside `host.batch_size` ordinary images.
      outputs: what the host answers with: `logits` or `probabilities`.
      from_scratch: train the host's architecture afresh, as the papers do; False goes on from the host's weights.
      augment: of ordinary images: `crop_flip`, `crop` or `none`.
      host: the host's training.
      margin: how far around each key sample its label reaches; key samples are not changed otherwise.
      hint: the share of an ordinary image's target that goes to the label of the key sample whose cover is of its class
        and nearest to it, 0 to 0.4. The image is still answered right, and the secret label comes second; a sample is
        then read as the best class that its cover does not have. Wrappers move samples off their labels, and copies
        never learn them, but both keep what comes second where the model is right. 0 gives no hint, and reads the
        best class of all.
      logo: path of a PNG or JPEG logo; empty for the built-in one.
      accuracy_threshold: T_acc of the paper's own rule (eq. 4), which is shown beside the p-value.
      alpha: false-claim probability of `verify`, unless given there.

    Attributes:
      has_encoder: samples are made by a network of the key.
      divisible: some of the samples are evidence without the others.

    Raises:
      ValueError: a value is out of its range, or `alpha` is below what such a key can reach.

    Paper: Li et al. 2019, sections 4 and 5.1.
    """

    name: ClassVar[str] = ""
    kind: ClassVar[str] = CLASSIFICATION
    presets: ClassVar[tuple[str, ...]] = ()
    usual_host: ClassVar[str] = "resnet18"
    usual_attacks: ClassVar[tuple[Mapping[str, Any], ...]] = ()  # those of every classifier
    usual_policy: ClassVar[Mapping[str, Any]] = {}
    has_encoder: ClassVar[bool] = False
    shown_arrays: ClassVar[Mapping[str, int | None]] = {
        "covers": 0, "cover_classes": 0, "cover_proofs": 0, "pool_root": None, "pool_size": None, "logo": None,
        "control_hits": 1, "control_names": None,
    }  # fmt: skip
    shown_networks: ClassVar[tuple[str, ...]] = ()
    divisible: ClassVar[bool] = False
    asking: ClassVar[tuple[str, ...]] = ()

    image_size: int = 32
    channels: int = 3
    classes: int = 10
    samples: int = 500
    key_batch: int = 20
    outputs: str = "logits"
    from_scratch: bool = True
    augment: str = "crop_flip"
    # 100 epochs over CIFAR-10 in batches of 100; the rate falls to a tenth every 40.
    host: Descent = field(default_factory=lambda: Descent(100, 500))
    margin: Margin = field(default_factory=Margin, metadata=LATER)
    hint: float = field(default=0.0, metadata=LATER)
    logo: str = ""
    accuracy_threshold: float = 0.9
    alpha: float = 1e-6

    def __post_init__(self) -> None:
        check_at_least_one(self, "image_size", "channels", "samples", "key_batch")
        if self.classes < 2:
            raise ValueError(f"`classes` must be at least 2, got {self.classes}. Give the host's number of classes.")
        if self.key_batch > self.samples or self.key_batch % 2:
            raise ValueError(
                f"`key_batch` must be even and at most `samples`, {self.samples}, got {self.key_batch}. Use 20."
            )
        choose("kind of outputs", self.outputs, OUTPUTS)
        choose("augmentation", self.augment, AUGMENTATIONS)
        if not 0 < self.accuracy_threshold <= 1:
            raise ValueError(f"`accuracy_threshold` must lie in (0, 1], got {self.accuracy_threshold}. Use 0.9.")
        self.margin.check_size(self.image_size)
        check_range("hint", self.hint, 0.0, 0.4, "Use 0.1, or 0 for none.")
        if self.hint and (self.classes == 2 or not self.exact):
            raise ValueError(
                f"`hint` must be 0 with two classes, and where labels are trained along, got {self.hint:g}: what comes "
                "second is a secret only where the label was drawn last, among several."
            )
        verdicts.check_alpha(self.alpha, self.smallest_p_value)

    @property
    def exact(self) -> bool:
        """Labels follow from the samples and the secret, so that p holds whatever the owner chose."""
        return True

    @property
    def pieces(self) -> int:
        """Each sample is one."""
        return self.samples

    @property
    def smallest_p_value(self) -> float:
        """What a suspect gives that answers every sample with its label."""
        return statistics.smallest_p_value(self.samples, label_chance(self.classes))

    def samples_of(
        self, covers: np.ndarray, logo: np.ndarray, encoder: keras.Model | None, draws: Draws
    ) -> np.ndarray:  # fmt: skip
        """The key samples of covers: a function of what is given here, and of the settings.

        Args:
          covers: uint8 `[n, h, w, c]`.
          logo: uint8 `[h, w, c]`.
          encoder: where the scheme has one; only its weights count.
          draws: of the key.

        Returns:
          uint8, of the covers' shape.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how it makes its samples.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the host's pictures."""
        return self.image_size, self.image_size, self.channels

    @property
    def ordinary_batch(self) -> int:
        """How many ordinary images the host sees in one step of a trainer."""
        return self.host.batch_size

    @property
    def extractor_outputs(self) -> tuple[str, ...]:
        """Nothing: a label is read without a network."""
        return ()

    @property
    def host_settings(self) -> Mapping[str, Any]:
        """The augmentation: host and marked host are trained on pictures that are changed alike."""
        return {"augment": self.augment}

    def on_stolen_host(self: S) -> S:
        """The settings that go on from the weights of a host, as somebody must who has stolen it."""
        return replace(self, from_scratch=False)

    def logo_pixels(self) -> np.ndarray:
        """The logo, uint8 `[image_size, image_size, channels]`; what is transparent in it is white.

        Raises:
          FileNotFoundError: there is no such file.
          InvalidImageError: it is no picture.
        """
        return read_logo(self.logo, self.image_size, self.channels)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values; `tfwm.config.from_dict` reads them back."""
        return to_dict(self)


@dataclass(frozen=True)
class EncoderSettings(KeySampleSettings):
    """How an encoder hides a logo in covers.

    Nothing in the objective rewards a difference: it stays because an encoder that draws whole pictures cannot draw
    them perfectly, and is what the host learns. An encoder that added a change to its cover would learn to add none.

    Args:
      (those of `KeySampleSettings`)
      encoder_filters: width of the encoder.
      discriminator: `linear` (the papers') or `convolutional` (the authors' later code).
      mse_weight, ssim_weight: alpha and beta of eq. 15, and of DeepStego's eq. 3; errors are of pixels in [-1, 1].
      adversarial_weight: gamma of eq. 15, delta of DeepStego's eq. 5.
      host_weight: delta of eq. 15: how strongly samples are pulled towards their labels.
      encoder_rounds, host_rounds: k1 and k2 of Algorithm 1.
      encoder: Adam of encoder and discriminator; its length and batch count where it is a stage of its own, else those
        of `host`.
      labels: `last`: the encoder is trained first and frozen, then covers and labels are drawn from the secret and
        from it, then the host is trained: p-values are exact. `joint`: as published, labels first and all trained
        together: whatever samples can be made to do to other models, these may do.
      controls: with `joint`, how many hosts are trained without the key, each for as long as the marked one, so that
        m of them cost m trainings of a host. The p-value is a rank among them and never below 1/(m + 1): 19 reach
        0.05, 999 would reach 0.001; where the marking goes on from the host's weights, the host is one more.
      control_networks: architectures of the controls, in turns: names of `tfwm.networks.CLASSIFIERS`, and `own` for
        that of the owner's host.
      control_width: multiplies the channels of all of them but `own`.

    Attributes:
      saturating: the adversarial part of the objective is log(1 - p) instead of -log p.

    Raises:
      ValueError: a value is out of its range, the encoder's batches hold more samples than there are, labels are
        trained along without a control, or controls of no or of an unknown architecture.
    """

    encoder_filters: int = 64
    discriminator: str = "linear"
    mse_weight: float = 3.0
    ssim_weight: float = 5.0
    adversarial_weight: float = 0.1
    host_weight: float = 0.0
    encoder_rounds: int = 1
    host_rounds: int = 1
    encoder: Schedule = field(default_factory=lambda: Schedule(100, 500, 20, 1e-3, "constant", 0.5))
    labels: str = "last"
    controls: int = 1
    control_networks: tuple[str, ...] = field(default=(OWN,), metadata=LATER)
    control_width: float = field(default=1.0, metadata=LATER)

    shown_networks: ClassVar[tuple[str, ...]] = ("encoder",)
    has_encoder: ClassVar[bool] = True
    divisible: ClassVar[bool] = True
    saturating: ClassVar[bool] = False

    def __post_init__(self) -> None:
        choose("order of labels", self.labels, dict.fromkeys(LABELS))
        if self.labels == "joint" and self.controls < 1:
            raise ValueError(
                f"`controls` must be at least 1 where labels are trained along, got {self.controls}: without a control "
                "nobody knows how far such samples transfer."
            )
        super().__post_init__()
        self._check_control_networks()
        choose("discriminator", self.discriminator, dict.fromkeys(DISCRIMINATORS))
        check_at_least_one(self, "encoder_filters", "encoder_rounds", "host_rounds")
        weights = {
            "mse_weight": self.mse_weight, "ssim_weight": self.ssim_weight,
            "adversarial_weight": self.adversarial_weight, "host_weight": self.host_weight,
        }  # fmt: skip
        for name, weight in weights.items():
            if not 0 <= weight < float("inf"):
                raise ValueError(f"`{name}` must be a number of at least 0, got {weight}.")
        most = self.encoder_rounds * max(self.key_batch, self.encoder.batch_size)
        if most > self.samples:
            raise ValueError(
                f"`samples` must be at least {most}, what the encoder's batches hold ({self.encoder_rounds} "
                f"rounds), got {self.samples}. Use more samples, smaller batches or fewer rounds."
            )
        if self.mse_weight + self.ssim_weight == 0:
            raise ValueError("`mse_weight` or `ssim_weight` must be above 0, got 0 and 0. The papers use 3 and 5.")

    def _check_control_networks(self) -> None:
        names = self.control_networks
        if not names or len(set(names)) != len(names):
            raise ValueError(f"`control_networks` must name architectures, each once, got {list(names)}. Use ['own'].")
        for name in names:
            choose("control network", name, dict.fromkeys((OWN, *CLASSIFIERS)))
        if not 0 < self.control_width < float("inf"):
            raise ValueError(f"`control_width` must be above 0, got {self.control_width}. 1 is the published size.")

    @property
    def exact(self) -> bool:
        """Only where the labels come last: an encoder that knows them can make samples that others fall for."""
        return self.labels == "last"

    @property
    def smallest_p_value(self) -> float:
        """What a suspect gives that answers every sample with its label, and better than every control."""
        if self.labels == "last":
            return super().smallest_p_value
        return statistics.smallest_rank_p_value(self.controls + (not self.from_scratch))

    def new_encoder(self, seed: int) -> keras.Model:
        """An untrained encoder: (cover, logo) in [0, 1] to a picture.

        Args:
          seed: of its weights.
        """
        raise NotImplementedError(f"{type(self).__name__} must say which encoder it has.")

    @property
    def ordinary_batch(self) -> int:
        """How many ordinary images the host sees in one step of a trainer, `host_rounds` batches."""
        return self.host_rounds * self.host.batch_size
