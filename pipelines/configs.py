"""What a pipeline is made of, as one frozen dataclass; `demo()` and `tiny()` are the two that ship."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.presets import DEFAULT_SCHEME, TINY_ATTACKS, attacks_for, network_for, policy_for
from tfwm.attacks import attack_from_dict
from tfwm.components.settings import Machine
from tfwm.config import choose, from_dict
from tfwm.evaluation.policy import Policy
from tfwm.files import read_json
from tfwm.kinds.restoration_hosts import HostSettings
from tfwm.schemes import DeepWatermarking, make_scheme, marks_classifiers, scheme_from_dict
from tfwm.types import Attack, Scheme

FOLDER = Path(__file__).parent
SERVING_CHECKS = ("none", "python", "docker", "kubernetes")


@dataclass(frozen=True)
class PipelineConfig:
    """Everything that a run depends on.

    Args:
      data: folder with the sub-folders `owner`, `attacker` and `test` of [input | target] pictures.
      root: everything that the pipeline writes lies here.
      policy: what the model must show before it is pushed.
      attacks: what a thief would do.
      name: of the pipeline, and of the served model.
      host: how to train a host.
      host_path: the user's own `.keras` host instead, or empty.
      scheme: how to mark it.
      secret_file: the owner's secret, 64 hex digits; empty draws one and keeps it under `root`.
      public: leave the sealed `extract` signature out of what is pushed.
      wrong_keys: how many decoy keys are asked.
      seed: of every draw but the secret.
      machine: strategy, precision and the like.
      validate: statistics, schema and anomalies of the data.
      serving_check: `python` (the embedded server), `docker` or `kubernetes` (TFX's InfraValidator), or `none`.
      enable_cache: take a step whose inputs did not change from the last run.
      beam_args: for Beam, for instance `--runner=FlinkRunner`.

    Raises:
      ValueError: an unknown serving check, or a scheme for classifiers.
    """

    data: Path
    root: Path
    policy: Policy
    attacks: tuple[Attack, ...]
    name: str = "tfwm"
    host: HostSettings = field(default_factory=HostSettings)
    host_path: str = ""
    scheme: Scheme = field(default_factory=DeepWatermarking.fast)
    secret_file: str = ""
    public: bool = False
    wrong_keys: int = 5
    seed: int = 0
    machine: Machine = field(default_factory=Machine)
    validate: bool = True
    serving_check: str = "python"
    enable_cache: bool = True
    beam_args: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        choose("serving check", self.serving_check, dict.fromkeys(SERVING_CHECKS, ""))
        if marks_classifiers(self.scheme):
            raise ValueError(
                f"`scheme` of a pipeline must mark networks whose answers are images, got {self.scheme.name}, which "
                "marks classifiers. Use `tfwm protect` and `tfwm evaluate` for it."
            )
        # Absolute, because artifacts outlive the folder that the command was called in.
        for name in ("data", "root"):
            object.__setattr__(self, name, Path(getattr(self, name)).absolute())

    @property
    def channels(self) -> int:
        """Of the pictures that host and scheme take; those of `data` are brought to it."""
        return getattr(self.scheme, "channels", 3)

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
    def demo(cls, data: str | Path, root: str | Path, *, seed: int = 0, scheme: str = DEFAULT_SCHEME) -> PipelineConfig:
        """Minutes on two cores."""
        made = make_scheme(scheme, "fast")
        return cls(
            Path(data), Path(root), Policy.load(FOLDER / policy_for(made)), attacks_for(made),
            host=HostSettings(network=network_for(made)), scheme=made, seed=seed,
        )  # fmt: skip

    @classmethod
    def tiny(cls, data: str | Path, root: str | Path, *, seed: int = 0, scheme: str = DEFAULT_SCHEME) -> PipelineConfig:
        """Seconds, for tests; its thresholds say only that the parts work together."""
        made = make_scheme(scheme, "tiny")
        return cls(
            Path(data), Path(root), Policy.load(FOLDER / "tiny_policy.json"), TINY_ATTACKS, name="tiny",
            host=dataclasses.replace(HostSettings.tiny(), network=network_for(made)), scheme=made,
            wrong_keys=2, seed=seed,
        )  # fmt: skip

    def changed(self, values: dict[str, Any]) -> PipelineConfig:
        """A copy with the fields of a JSON object.

        Args:
          values: fields by name; `host`, `scheme`, `policy`, `machine` and each of `attacks` as JSON objects.

        Raises:
          ValueError: an unknown field; the message names the closest one.
        """
        fields = {f.name: f.name for f in dataclasses.fields(self)}
        known = {choose("setting", name, fields): _read(name, value) for name, value in values.items()}
        return dataclasses.replace(self, **known)

    def changed_by_file(self, path: str | Path) -> PipelineConfig:
        """`changed` with the content of a JSON file."""
        values = read_json(path)
        if not isinstance(values, dict):
            raise ValueError(f"`{path}` must hold one JSON object, got {type(values).__name__}. Give settings by name.")
        return self.changed(values)


_READERS: dict[str, Any] = {
    "attacks": lambda value: tuple(attack_from_dict(fields) for fields in value),
    "beam_args": tuple,
    "data": Path,
    "host": lambda value: from_dict(HostSettings, value),
    "machine": lambda value: from_dict(Machine, value),
    "policy": lambda value: from_dict(Policy, value),
    "root": Path,
    "scheme": scheme_from_dict,
}


def _read(name: str, value: Any) -> Any:
    return _READERS[name](value) if name in _READERS else value
