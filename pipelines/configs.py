"""What a pipeline is made of, as one frozen dataclass; `demo()` and `tiny()` are the two that ship."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.beam import check_beam_args
from tfwm.attacks import attack_from_dict
from tfwm.components.examples import FORMS
from tfwm.components.settings import DataLimits, Machine
from tfwm.config import check_whole, choose, from_dict, to_dict
from tfwm.evaluation.defaults import usual_attacks, usual_policy
from tfwm.evaluation.policy import Policy
from tfwm.files import read_json
from tfwm.kinds import Kind, kind_called
from tfwm.schemes import SCHEMES, make_scheme, scheme_from_dict
from tfwm.types import Attack, Scheme

FOLDER = Path(__file__).parent
SERVING_CHECKS = ("none", "python", "docker", "kubernetes")
DEFAULT_SCHEME = "deep_watermarking"
# Seconds each; those that are for hosts of another kind are left out.
TINY_ATTACKS: tuple[Mapping[str, Any], ...] = (
    {
        "attack": "surrogate", "network": "unet", "loss": "l2", "filters": 8, "downs": 3,
        "schedule": {"epochs": 1, "steps_per_epoch": 8, "batch_size": 8, "learning_rate": 2e-3, "decay": "constant"},
    },
    {"attack": "jpeg", "quality": 90},
    {"attack": "prune", "share": 0.05},
    {
        "attack": "extract_classifier", "network": "lenet3", "augment": "none",
        "schedule": {"epochs": 1, "steps_per_epoch": 8, "batch_size": 16, "learning_rate": 0.05, "decay": "constant"},
    },
    {
        "attack": "tune_classifier", "layers": "last",
        "schedule": {"epochs": 1, "steps_per_epoch": 8, "batch_size": 16, "learning_rate": 0.01, "decay": "constant"},
    },
)  # fmt: skip


@dataclass(frozen=True)
class PipelineConfig:
    """Everything that a run depends on.

    Args:
      data: folder with the sub-folders `owner`, `attacker` and `test`, of [input | target] pictures for a restoration
        network, of a folder a class for a classifier; for the latter also a folder with `train` and `test`, or an npz
        file with `x_train`, `y_train`, `x_test` and `y_test`.
      root: everything that the pipeline writes lies here.
      policy: what the model must show before it is pushed.
      attacks: what a thief would do.
      name: of the pipeline, and of the served model.
      host: how to train a host, of the type `settings` of the scheme's kind; None takes the kind's preset `fast`.
      host_path: the user's own host instead, a `.keras` file or the folder of a SavedModel; or empty.
      reuse_host: take the host of the model that this root blessed last, where there is one, whatever changed since.
      scheme: how to mark the host.
      secret_file: the owner's secret, 64 hex digits; empty draws one and keeps it under `root`.
      public: leave the sealed `extract` signature out of what is pushed.
      wrong_keys: how many decoy keys are asked.
      attack_seeds: with how many seeds each attack is tried.
      training_attacks_at_once: how many attacks that train run at the same time, where Beam has several workers.
      seed: of every draw but the secret.
      machine: strategy, precision and the like.
      validate: look at the data, and stop where they are unusual.
      data_limits: how unusual they may be.
      serving_check: `python` (the embedded server), `docker` or `kubernetes` (TFX's InfraValidator), or `none`.
      enable_cache: take a step whose inputs did not change from the last run.
      beam_args: for Beam, for instance `--runner=FlinkRunner`; see `pipelines.beam`.

    Raises:
      ValueError: an unknown serving check, flags that Beam does not take, or a host or an attack for another kind than
        the scheme's.
    """

    data: Path
    root: Path
    policy: Policy
    attacks: tuple[Attack, ...]
    name: str = "tfwm"
    host: Any = None
    host_path: str = ""
    reuse_host: bool = False
    scheme: Scheme = field(default_factory=lambda: make_scheme(DEFAULT_SCHEME, "fast"))
    secret_file: str = ""
    public: bool = False
    wrong_keys: int = 5
    attack_seeds: int = 1
    training_attacks_at_once: int = 1
    seed: int = 0
    machine: Machine = field(default_factory=Machine)
    validate: bool = True
    data_limits: DataLimits = field(default_factory=DataLimits)
    serving_check: str = "python"
    enable_cache: bool = True
    beam_args: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        choose("serving check", self.serving_check, dict.fromkeys(SERVING_CHECKS, ""))
        if self.host is None:
            object.__setattr__(self, "host", _host("fast", self.scheme, self.scheme.usual_host))
        if not isinstance(self.host, self.kind.settings):
            raise ValueError(
                f"`host` must be {self.kind.settings.__name__} for {self.scheme.name}, which marks {self.kind.models}, "
                f"got {type(self.host).__name__}. Start from a preset with this scheme."
            )
        for attack in self.attacks:
            if self.kind.name not in attack.kinds:
                raise ValueError(
                    f"`attacks` must be for {self.kind.models}, which {self.scheme.name} marks, got {attack!r}, which "
                    f"is for {' and '.join(attack.kinds)}. Leave it out, or start from a preset with this scheme."
                )
        if self.reuse_host and self.host_path:
            raise ValueError(
                f"`reuse_host` takes the host of the last blessed model, and `host_path` {self.host_path} is another. "
                "Leave one out."
            )
        for name in ("attack_seeds", "training_attacks_at_once"):
            check_whole(name, getattr(self, name), 1, 1000, "Use 1.")
        check_beam_args(self.beam_args)
        # Absolute, because artifacts outlive the folder that the command was called in.
        for name in ("data", "root"):
            object.__setattr__(self, name, Path(getattr(self, name)).absolute())

    @property
    def kind(self) -> Kind:
        """Of the host: the kind that the scheme marks."""
        return kind_called(self.scheme.kind)

    @property
    def channels(self) -> int:
        """Of the pictures that host and scheme take; those of `data` are brought to it."""
        return self.scheme.channels

    @property
    def pipeline_root(self) -> Path:
        """Artifacts, one folder a component."""
        return self.root / "artifacts"

    @property
    def metadata(self) -> Path:
        """SQLite; one writer at a time, so every root has its own."""
        return self.root / "metadata.sqlite"

    @property
    def work_dir(self) -> Path:
        """Checkpoints, TensorBoard logs, attacked networks, and the secret where none was given."""
        return self.root / "work"

    @property
    def serving_dir(self) -> Path:
        """Numbered versions, as a server wants them."""
        return self.root / "serving" / self.name

    @classmethod
    def demo(
        cls, data: str | Path, root: str | Path, *, seed: int = 0, scheme: str | Mapping[str, Any] = DEFAULT_SCHEME
    ) -> PipelineConfig:
        """Minutes on two cores, with the attacks and the policy that the scheme names.

        Args:
          data: as of the class; where it lies here, the scheme's fields follow from it as far as it decides them.
          root: as of the class.
          seed: as of the class.
          scheme: a name in `tfwm.schemes.SCHEMES`, for its preset `fast`; or its settings as
            `tfwm.schemes.scheme_from_dict` takes them.

        Raises:
          ValueError: an unknown scheme or field, or data that do not fit it.
        """
        made = _scheme(scheme, "fast", data)
        return cls(Path(data), Path(root), usual_policy(made), usual_attacks(made), scheme=made, seed=seed)

    @classmethod
    def tiny(
        cls, data: str | Path, root: str | Path, *, seed: int = 0, scheme: str | Mapping[str, Any] = DEFAULT_SCHEME
    ) -> PipelineConfig:
        """Seconds, for tests; its thresholds say only that the parts work together.

        Args:
          data: as of `demo`.
          root: as of the class.
          seed: as of the class.
          scheme: as of `demo`, for its preset `tiny`.

        Raises:
          ValueError: an unknown scheme or field, or data that do not fit it.
        """
        made = _scheme(scheme, "tiny", data)
        attacks = tuple(map(attack_from_dict, map(dict, TINY_ATTACKS)))
        # A kind's own tiny host where the scheme asks for no other than the kind's usual one.
        network = None if made.usual_host == kind_called(made.kind).default_network else made.usual_host
        return cls(
            Path(data), Path(root), Policy.load(FOLDER / "tiny_policy.json"),
            tuple(attack for attack in attacks if made.kind in attack.kinds), name="tiny",
            host=_host("tiny", made, network), scheme=made, wrong_keys=2, seed=seed,
        )  # fmt: skip

    def changed(self, values: Mapping[str, Any]) -> PipelineConfig:
        """A copy with the fields of a JSON object.

        Args:
          values: fields by name; `scheme`, `policy`, `machine`, `host` and each of `attacks` as JSON objects. That of
            `host` may name a `preset`, as that of `scheme` may.

        Raises:
          ValueError: an unknown field; the message names the closest one.
        """
        fields = {f.name: f.name for f in dataclasses.fields(self)}
        given = {choose("setting", name, fields): value for name, value in values.items()}
        scheme = _scheme(given["scheme"], "", given.get("data", self.data)) if "scheme" in given else self.scheme
        readers = {
            **_READERS, "scheme": lambda _: scheme, "host": lambda value: _host_from(value, kind_called(scheme.kind)),
        }  # fmt: skip
        read = {name: readers[name](value) if name in readers else value for name, value in given.items()}
        return dataclasses.replace(self, **read)


_READERS: dict[str, Any] = {
    "attacks": lambda value: tuple(attack_from_dict(fields) for fields in value),
    "beam_args": tuple,
    "data": Path,
    "data_limits": lambda value: from_dict(DataLimits, value),
    "machine": lambda value: from_dict(Machine, value),
    "policy": lambda value: from_dict(Policy, value),
    "root": Path,
}
PRESETS = {"demo": PipelineConfig.demo, "tiny": PipelineConfig.tiny}


def config_of(
    preset: str,
    data: str | Path,
    root: str | Path,
    *,
    seed: int = 0,
    scheme: str = DEFAULT_SCHEME,
    settings: Mapping[str, Any] | None = None,
) -> PipelineConfig:
    """A preset, changed by settings.

    Args:
      preset: `demo` or `tiny`.
      data: as of `PipelineConfig`.
      root: as of `PipelineConfig`.
      seed: as of `PipelineConfig`.
      scheme: a name in `tfwm.schemes.SCHEMES`, unless the settings have one.
      settings: fields of `PipelineConfig` that differ from the preset, as `PipelineConfig.changed` takes them. A
        scheme among them decides the usual host, attacks and policy too.

    Raises:
      ValueError: an unknown preset, scheme or setting; the message names the closest one.
    """
    rest = dict(settings or {})
    made = choose("preset", preset, PRESETS)(data, root, seed=seed, scheme=rest.pop("scheme", scheme))
    return made.changed(rest)


def read_settings(path: str | Path | None) -> dict[str, Any]:
    """Settings for `config_of` from a JSON file; none without a path.

    Raises:
      FileNotFoundError: the file is not there.
      ValueError: it does not hold one JSON object.
    """
    values = {} if path is None else read_json(path)
    if not isinstance(values, dict):
        raise ValueError(f"`{path}` must hold one JSON object, got {type(values).__name__}. Give settings by name.")
    return values


def _scheme(scheme: str | Mapping[str, Any], preset: str, data: str | Path) -> Scheme:
    """The scheme by name or settings, with what the data decide where the settings say nothing."""
    given = {"scheme": scheme, "preset": preset} if isinstance(scheme, str) else dict(scheme)
    member = choose("scheme", given.get("scheme", ""), SCHEMES)
    known = {f.name for f in dataclasses.fields(member)}  # type: ignore[arg-type]
    described = FORMS[member.kind].described(Path(data))
    return scheme_from_dict({**{name: value for name, value in described.items() if name in known}, **given})


def _host(preset: str, scheme: Scheme, network: str | None) -> Any:
    return kind_called(scheme.kind).preset(preset, network=network, **scheme.host_settings)


def _host_from(value: Mapping[str, Any], kind: Kind) -> Any:
    rest = dict(value)
    preset = rest.pop("preset", None)
    start = to_dict(kind.preset(preset)) if preset else {}
    return from_dict(kind.settings, {**start, **rest})
