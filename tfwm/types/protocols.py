"""What suspects, schemes and attacks promise; whoever keeps the promise is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from tfwm.types.values import Access, MarkedModel, Verdict

if TYPE_CHECKING:
    from tensorflow import keras

    from tfwm.keys import OwnerKey


@runtime_checkable
class Suspect(Protocol):
    """Anything that may be a stolen model: images in, images or logits out.

    A suspect with `access == Access.WEIGHTS` also has the attribute `model` (a `keras.Model`).
    """

    @property
    def name(self) -> str: ...

    @property
    def access(self) -> Access: ...

    def __call__(self, images: np.ndarray) -> np.ndarray: ...


@runtime_checkable
class Scheme(Protocol):
    """A watermarking method: a frozen dataclass whose fields are the paper's settings.

    Attributes:
      name: in `tfwm.schemes.SCHEMES`.
      kind: of the hosts that it marks, a name in `tfwm.kinds.KINDS`.
      presets: names of class methods that give settings: some of `paper`, `reference`, `fast` and `tiny`.
      usual_host: the network that `PipelineConfig.demo` trains for it, a name in the kind's `networks`.
      usual_attacks: what an evaluation tries where no attacks are named, as `attack_to_dict` gives them; empty takes
        the kind's.
      usual_policy: fields of the policy that the demo blesses by; empty takes the kind's.
      alpha: false-claim probability of `verify`, unless given there.
      image_size: side in pixels of the pictures that it is trained on.
      channels: of those pictures, 1 or 3.
      extractor_outputs: names of what the key's network `extractor` gives, in its order; empty where the mark is read
        without a network.
      host_settings: fields of a host's settings that the scheme decides, for instance the noise of a denoiser.
      exact: the p-values hold whatever the key's owner chose; False where they rest on models that he chose, so that
        they are no evidence without somebody else's.
      pieces: how many pieces of evidence a key has; each can be revealed without the others where `divisible`.
      divisible: whether some of the pieces are evidence by themselves.
      shown_arrays: which arrays of a key a judge is shown, where the key has them, and along which axis its pieces
        stand in them; None where there are no pieces in it, so that the whole array is shown.
      shown_networks: of which of its networks a judge is shown the weights.
      deployed_arrays: optional: which arrays of a key the deployed model computes with, so that an audit of exports
        does not call them a leak; of none where a scheme does not say.
      barrier: optional: the mark is put behind the host, or behind anything else that outputs pictures, so `train` also
        takes None for a host and marks `data.targets` themselves; of no scheme that does not say.
      asking: names of the settings that say how a suspect is asked, and not what was embedded; `verify` takes these
        from the scheme that it is called on, and all others from the key.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    presets: ClassVar[tuple[str, ...]]
    usual_host: ClassVar[str]
    usual_attacks: ClassVar[tuple[Mapping[str, Any], ...]]
    usual_policy: ClassVar[Mapping[str, Any]]
    asking: ClassVar[tuple[str, ...]]
    shown_arrays: ClassVar[Mapping[str, int | None]]
    shown_networks: ClassVar[tuple[str, ...]]

    @property
    def alpha(self) -> float: ...

    @property
    def image_size(self) -> int: ...

    @property
    def channels(self) -> int: ...

    @property
    def extractor_outputs(self) -> tuple[str, ...]: ...

    @property
    def host_settings(self) -> Mapping[str, Any]: ...

    @property
    def exact(self) -> bool: ...

    @property
    def pieces(self) -> int: ...

    @property
    def divisible(self) -> bool: ...

    def train(self, host: keras.Model, data: Any, run: Any, *, secret: bytes | None = None) -> MarkedModel:
        """Marks a copy of the host; `data` are what hosts of its kind learn from, `secret` None draws one."""

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        """Asks the suspect and says whether the mark is there."""

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        """A wrong key, drawn like the owner's."""

    def reading(self, suspect: Suspect, key: OwnerKey) -> dict[str, np.ndarray]:
        """For a report's pictures: what was extracted, and which parts of it agree with the key."""

    def probe_images(self, key: OwnerKey) -> np.ndarray:
        """What a verification sends, uint8 `[n, height, width, channels]`."""

    def on_stolen_host(self) -> Scheme:
        """The scheme as a thief runs it: it goes on from a host's weights, whatever the owner's settings say."""


@runtime_checkable
class KeySampleScheme(Scheme, Protocol):
    """A scheme whose mark is the labels of secret samples; an export seals these beside the model.

    Attributes:
      classes: of the hosts that it marks.
    """

    @property
    def classes(self) -> int: ...

    def key_labels(self, key: OwnerKey) -> np.ndarray:
        """The secret labels, int64 `[samples]`, aligned with `probe_images(key)`."""

    def null(self, key: OwnerKey) -> tuple[np.ndarray, str]:
        """log10 of the p-value by number of hits, float64 `[samples + 1]`, and the null hypothesis in a sentence."""


@runtime_checkable
class PassesOver(Protocol):
    """A scheme on key samples that does not count every class of an answer, as `KeySampleScheme` alone would."""

    def passed_over(self, key: OwnerKey) -> np.ndarray | None:
        """A class for each sample, int64 `[samples]`: its answer is the best of all others; None passes over none."""


@runtime_checkable
class Attack(Protocol):
    """What a thief does: strength in the constructor; suspect, his own data and his machine at call time.

    `repr(attack)` is the row label in every report. An attack never sees the key and returns a new suspect.

    Attributes:
      name: in `tfwm.attacks.ATTACKS`.
      kinds: names of the kinds of hosts that it can be tried on.
      sentence: what it is, for a reader of the report who knows no label.
      copies: what a network is called that it makes from answers alone, `surrogate` for instance, and empty for other
        attacks; an evaluation also tries it on the unmarked host.
      needs: what the thief must have of the suspect.
      leaves: what he has of the result, at most.
    """

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]
    sentence: ClassVar[str]
    copies: ClassVar[str]

    @property
    def needs(self) -> Access: ...

    @property
    def leaves(self) -> Access: ...

    @classmethod
    def example(cls) -> Attack:
        """The attack in a size that a test can afford: seconds at most."""

    def __call__(self, suspect: Suspect, data: Any, run: Any) -> Suspect: ...
