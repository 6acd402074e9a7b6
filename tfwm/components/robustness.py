"""RobustnessEvaluator: attacks the marked model with Beam, and blesses it or says why not."""

# TFX's annotations are instances that its decorator reads, which mypy takes for types.
# mypy: disable-error-code="type-arg,attr-defined,arg-type,assignment,call-overload"

import time

import apache_beam as beam
import tensorflow as tf
from apache_beam.utils import shared
from tfx.v1.dsl.components import BeamComponentParameter, InputArtifact, OutputArtifact, Parameter, component
from tfx.v1.types.standard_artifacts import Examples, Model, ModelBlessing

from tfwm.components import steps
from tfwm.components.artifact_files import private, writing
from tfwm.components.artifacts import AttackReportArtifact, OwnerKeyArtifact
from tfwm.components.beam_steps import MeasureCells, Place, measure
from tfwm.evaluation.battery import make_report, plan
from tfwm.evaluation.policy import Decision, decide
from tfwm.evaluation.report import Report
from tfwm.evaluation.tensorboard import write_tensorboard


@component(use_beam=True)
def RobustnessEvaluator(
    examples: InputArtifact[Examples],
    host: InputArtifact[Model],
    model: InputArtifact[Model],
    owner_key: InputArtifact[OwnerKeyArtifact],
    report: OutputArtifact[AttackReportArtifact],
    blessing: OutputArtifact[ModelBlessing],
    attacks: Parameter[str],
    policy: Parameter[str],
    wrong_keys: Parameter[int],
    attack_seeds: Parameter[int],
    training_attacks_at_once: Parameter[int],
    channels: Parameter[int],
    machine: Parameter[str],
    seed: Parameter[int],
    work_dir: Parameter[str],
    files_digest: Parameter[str],
    code_version: Parameter[str],
    beam_pipeline: BeamComponentParameter[beam.Pipeline] = None,
):
    """Measures every cell of the battery and decides by the policy.

    Args:
      examples: with the splits `attacker` and `test`.
      host: the unmarked one.
      model: the marked one.
      owner_key: what it was marked with.
      report: the figures, the policy and the decision.
      blessing: what Pusher looks at.
      attacks: list of `attack_to_dict` as JSON.
      policy: `Policy` as JSON.
      wrong_keys: how many decoy keys are asked.
      attack_seeds: with how many seeds each attack is tried.
      training_attacks_at_once: how many attacks that train may run at the same time, where Beam has several workers.
      channels: 1 or 3, of the pictures that the models take.
      machine: `Machine` as JSON.
      seed: of every draw.
      work_dir: attacked networks, finished rows and TensorBoard logs; shared by all workers, must outlive the run.
      files_digest: of the files that `attacks` names; for the cache only.
      code_version: `code_digest()`; for the cache only.
      beam_pipeline: from TFX.
    """
    rules, folder = steps.policy_of(policy), private(work_dir) / "robustness"
    sources = steps.Sources(examples.uri, host.uri, model.uri, owner_key.uri, rules.alpha, channels)
    start, handle = time.perf_counter(), shared.Shared()
    # Held here while Beam runs, so that an in-process runner does not load them a second time.
    subjects = handle.acquire(lambda: steps.load_subjects(sources))
    tried = steps.attacks_of(attacks)
    cells = plan(
        tried, subjects.kind, wrong_keys=wrong_keys, must_survive=rules.must_survive, seeds=attack_seeds
    )  # fmt: skip
    with writing(report.uri) as directory:
        prefix = tf.io.gfile.join(report.uri, "rows")
        with beam_pipeline as pipeline:
            step = MeasureCells(sources, Place(str(folder), seed, machine), handle)
            measure(pipeline, cells, step, prefix, at_once=training_attacks_at_once)
        found = make_report(steps.read_rows(prefix, cells), subjects, seconds=time.perf_counter() - start)
        decision = decide(found, rules)
        steps.write_report(found, rules, decision, directory)
    write_tensorboard(found, folder / "tensorboard", decision)
    _describe(report, found)
    bless(blessing, model, decision)


def _describe(artifact: AttackReportArtifact, report: Report) -> None:
    """Figures that MLMD can be asked for without opening the report."""
    for name, figure in report.fidelity.items():
        if figure is not None:
            artifact.set_float_custom_property(name, figure)
    artifact.set_int_custom_property("rows", len(report.rows))
    artifact.set_int_custom_property("rows_as_expected", sum(row.ok for row in report.rows))


def bless(blessing: ModelBlessing, model: Model, decision: Decision) -> None:
    """Writes what Pusher and a baseline resolver read, and the marker file that people look for.

    Args:
      blessing: to write to.
      model: that was judged.
      decision: of the policy.
    """
    blessing.set_int_custom_property("blessed", int(decision.blessed))
    blessing.set_string_custom_property("current_model", model.uri)
    blessing.set_int_custom_property("current_model_id", model.id)
    tf.io.gfile.makedirs(blessing.uri)
    marker = "BLESSED" if decision.blessed else "NOT_BLESSED"
    with tf.io.gfile.GFile(tf.io.gfile.join(blessing.uri, marker), "w") as file:
        file.write(str(decision) + "\n")
