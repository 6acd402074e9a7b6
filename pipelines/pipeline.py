"""The pipeline itself: every value is an argument, nothing is read from anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow_data_validation as tfdv
from tfx import v1 as tfx

from tfwm.components.data_check import DataCheck
from tfwm.components.example_gen import image_example_gen
from tfwm.components.examples import FORMS
from tfwm.components.expectations import BUCKETS
from tfwm.components.host_trainer import HostTrainer
from tfwm.components.picture_schema import PictureSchema
from tfwm.components.pusher import Pusher
from tfwm.components.release_papers import ReleasePapers
from tfwm.components.robustness import RobustnessEvaluator
from tfwm.components.serving_smoke_test import ServingSmokeTest
from tfwm.components.watermark_trainer import WatermarkTrainer

SERVING_IMAGE_TAG = "2.15.1"


def create_pipeline(
    *,
    name: str,
    pipeline_root: str,
    data: str,
    data_version: str,
    kind: str,
    serving_dir: str,
    work_dir: str,
    host: Any,
    host_path: Any,
    host_digest: str,
    reuse_host: bool,
    scheme: Any,
    scheme_digest: str,
    secret_file: str,
    public: bool,
    channels: Any,
    attacks: Any,
    attacks_digest: str,
    policy: Any,
    wrong_keys: Any,
    attack_seeds: int,
    training_attacks_at_once: int,
    machine: str,
    seed: Any,
    validate: bool,
    data_limits: str,
    serving_check: str,
    code_version: str,
    server_version: str,
    papers_version: str,
    enable_cache: bool,
    metadata_connection_config: Any = None,
    beam_args: Sequence[str] = (),
) -> tfx.dsl.Pipeline:
    """From folders of pictures to a pushed, marked model.

    Arguments typed `Any` may be a value or a `RuntimeParameter` of the text or number that the component takes.

    Args:
      name: of the pipeline.
      pipeline_root: where artifacts lie.
      data: folder with the sub-folders `owner`, `attacker` and `test`.
      data_version: digest of the data's listing, or empty; for the cache.
      kind: of the host, a name in `tfwm.kinds.KINDS`.
      serving_dir: where Pusher puts numbered versions.
      work_dir: checkpoints, logs and attacked networks; must outlive the run, and every step must see it.
      host: the host's settings as JSON.
      host_path: the user's own host, or empty.
      reuse_host: take the host of the model that was blessed last, where there is one.
      host_digest, scheme_digest, attacks_digest: of the files that the settings name; for the cache.
      scheme: `scheme_to_dict` as JSON.
      secret_file: path of the owner's secret, or empty.
      public: leave `extract` out of what is pushed.
      channels: 1 or 3, of the pictures as host and scheme take them.
      attacks: list of `attack_to_dict` as JSON.
      policy: `Policy` as JSON.
      wrong_keys: how many decoy keys are asked.
      attack_seeds: with how many seeds each attack is tried.
      training_attacks_at_once: how many of those that train may run at the same time.
      machine: `Machine` as JSON.
      seed: of every draw but the secret.
      validate: add StatisticsGen, PictureSchema, ExampleValidator and DataCheck, which stop a run on unusual data.
      data_limits: `DataLimits` as JSON.
      serving_check: `none`, `python`, `docker` or `kubernetes`.
      code_version: digest of the library, so that changed code is not answered from the cache.
      server_version: digest of the embedded server.
      papers_version: digest of the library and of the templates of its pages.
      enable_cache: for every step.
      metadata_connection_config: of the metadata store; None where the orchestrator brings one.
      beam_args: for every Beam step.
    """
    common = {
        "channels": channels, "machine": machine, "seed": seed, "work_dir": work_dir, "code_version": code_version,
    }  # fmt: skip
    example_gen = image_example_gen(data, kind, data_version, code_version)
    examples = example_gen.outputs["examples"]
    resolver = [_last_blessed()] if reuse_host else []
    host_trainer = HostTrainer(
        examples=examples, kind=kind, settings=host, host_path=host_path, files_digest=host_digest,
        blessed=resolver[0].outputs["model"] if resolver else None, **common,
    ).with_id("HostTrainer")  # fmt: skip
    validation = _validation(examples, kind, data_limits, code_version) if validate else []
    # Unusual data are told before hours of training, not after.
    host_trainer.add_upstream_nodes(validation)
    watermark = WatermarkTrainer(
        examples=examples, host=host_trainer.outputs["host"], scheme=scheme, secret_file=secret_file,
        public=int(public), files_digest=scheme_digest, **common,
    ).with_id("WatermarkTrainer")  # fmt: skip
    robustness = RobustnessEvaluator(
        examples=examples, host=host_trainer.outputs["host"], model=watermark.outputs["model"],
        owner_key=watermark.outputs["owner_key"], attacks=attacks, policy=policy, wrong_keys=wrong_keys,
        attack_seeds=attack_seeds, training_attacks_at_once=training_attacks_at_once,
        files_digest=attacks_digest, **common,
    ).with_id("RobustnessEvaluator")  # fmt: skip
    papers = ReleasePapers(
        examples=examples, model=watermark.outputs["model"], owner_key=watermark.outputs["owner_key"],
        report=robustness.outputs["report"], name=name, code_version=papers_version,
    ).with_id("ReleasePapers")  # fmt: skip
    checks = _serving_checks(serving_check, watermark.outputs["model"], server_version)
    pusher = Pusher(
        model=watermark.outputs["model"], model_blessing=robustness.outputs["blessing"],
        infra_blessing=checks[0].outputs["blessing"] if checks else None,
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=serving_dir)
        ),
    )  # fmt: skip
    # Nothing is released without its papers.
    pusher.add_upstream_node(papers)
    return tfx.dsl.Pipeline(
        pipeline_name=name, pipeline_root=pipeline_root,
        components=[example_gen, *validation, *resolver, host_trainer, watermark, robustness, papers, *checks, pusher],
        enable_cache=enable_cache, metadata_connection_config=metadata_connection_config,
        beam_pipeline_args=list(beam_args),
    )  # fmt: skip


def _validation(examples: Any, kind: str, limits: str, code_version: str) -> list[Any]:
    """Statistics of the pictures' scalars; the owner's part makes the schema that the others are held against."""
    statistics = tfx.components.StatisticsGen(
        examples=examples,
        stats_options=tfdv.StatsOptions(feature_allowlist=list(FORMS[kind].scalars), num_histogram_buckets=BUCKETS),
    )
    measured = statistics.outputs["statistics"]
    schema = PictureSchema(statistics=measured, limits=limits, code_version=code_version).with_id("PictureSchema")
    validator = tfx.components.ExampleValidator(statistics=measured, schema=schema.outputs["schema"])
    check = DataCheck(
        examples=examples, statistics=measured, schema=schema.outputs["schema"],
        anomalies=validator.outputs["anomalies"], limits=limits, code_version=code_version,
    ).with_id("DataCheck")  # fmt: skip
    return [statistics, schema, validator, check]


def _last_blessed() -> tfx.dsl.Resolver:
    return tfx.dsl.Resolver(
        strategy_class=tfx.dsl.experimental.LatestBlessedModelStrategy,
        model=tfx.dsl.Channel(type=tfx.types.standard_artifacts.Model),
        model_blessing=tfx.dsl.Channel(type=tfx.types.standard_artifacts.ModelBlessing),
    ).with_id("LastBlessed")


def _serving_checks(kind: str, model: Any, server_version: str) -> list[Any]:
    """None or one component that gives an infra blessing."""
    if kind == "none":
        return []
    if kind == "python":
        return [ServingSmokeTest(model=model, code_version=server_version).with_id("ServingSmokeTest")]
    spec = tfx.proto.ServingSpec(
        tensorflow_serving=tfx.proto.TensorFlowServing(tags=[SERVING_IMAGE_TAG]), model_name="candidate"
    )
    if kind == "docker":
        spec.local_docker.SetInParent()
    else:
        spec.kubernetes.SetInParent()
    return [tfx.components.InfraValidator(model=model, serving_spec=spec)]
