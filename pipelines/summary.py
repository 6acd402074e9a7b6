"""What a run did, as one value: the steps, the decision, and where everything lies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.configs import PipelineConfig
from pipelines.metadata import LastRun, Step, property_of
from pipelines.places import named_place
from tfwm.components.publishing import restored
from tfwm.files import read_json


@dataclass(frozen=True)
class RunSummary:
    """What a run did.

    Args:
      steps: (name, state `ran` or `cached`, seconds) of every component, in order.
      blessed: whether the policy and the serving check let the model through.
      reasons: why not; empty where it was blessed.
      pushed_path: the version folder that serves the model, or None.
      artifacts: folder by `Component.output`, for instance `WatermarkTrainer.owner_key`.
      notes: what is worth knowing of the data, one sentence each.
    """

    steps: tuple[Step, ...]
    blessed: bool
    reasons: tuple[str, ...]
    pushed_path: Path | None
    artifacts: dict[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"  {step.name:<20} {step.state:<7} {step.seconds:7.1f} s" for step in self.steps]
        lines += [f"  of the data: {note}" for note in self.notes]
        if self.blessed:
            return "\n".join([*lines, f"Pushed to {self.pushed_path}"])
        lines += ["Not pushed:", *(f"  - {reason}" for reason in self.reasons)]
        return "\n".join(lines)

    def named(self, given: Path, plain: Path) -> RunSummary:
        """The same with places by the name that the user gave.

        Args:
          given: the root by that name.
          plain: the root as the run took it, see `pipelines.places`.
        """
        pushed = None if self.pushed_path is None else named_place(self.pushed_path, given, plain)
        artifacts = {name: named_place(path, given, plain) for name, path in self.artifacts.items()}
        return replace(self, pushed_path=pushed, artifacts=artifacts)


def summarize(config: PipelineConfig) -> RunSummary:
    """The newest run of a configuration's root, from its metadata."""
    run = LastRun(config.metadata)
    outputs = run.outputs()
    reasons = _reasons(outputs)
    pushed = outputs["Pusher.pushed_model"]
    path = restored(pushed.uri, config.serving_dir) if property_of(pushed, "pushed") == 1 else None
    return RunSummary(
        steps=run.steps(),
        blessed=path is not None,
        reasons=reasons,
        pushed_path=path,
        artifacts={name: Path(artifact.uri) for name, artifact in outputs.items()},
        notes=_notes(outputs),
    )


def _reasons(outputs: dict[str, Any]) -> tuple[str, ...]:
    """Why a model was not let through: the policy's words, then the serving check's."""
    decision = read_json(Path(outputs["RobustnessEvaluator.report"].uri) / "decision.json")
    reasons = list(decision["reasons"])
    for name in ("ServingSmokeTest.blessing", "InfraValidator.blessing"):
        if name in outputs and property_of(outputs[name], "blessed") != 1:
            marker = Path(outputs[name].uri) / "INFRA_NOT_BLESSED"
            text = marker.read_text(encoding="utf-8").strip() if marker.is_file() else ""
            reasons.append(f"Serving: {text or 'the model did not load in TensorFlow Serving.'}")
    return tuple(reasons)


def _notes(outputs: dict[str, Any]) -> tuple[str, ...]:
    """What DataCheck noted; whatever is worse has stopped the run."""
    if "DataCheck.report" not in outputs:
        return ()
    return tuple(read_json(Path(outputs["DataCheck.report"].uri) / "findings.json"))
