"""ImageExampleGen: folders of [input | target] pictures to tf.Examples in three explicit splits."""

from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.io import fileio
from google.protobuf import any_pb2, struct_pb2
from tfx import v1 as tfx
from tfx.components import FileBasedExampleGen
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec

from tfwm.components.beam_steps import example_of
from tfwm.components.examples import SPLITS

PATTERN = "*.png"


class ImageExampleGenExecutor(BaseExampleGenExecutor):
    """Reads every picture that matches a split's pattern; one that is none stops the pipeline with its name."""

    def GetInputSourceToExamplePTransform(self) -> Any:
        """The transform from (pipeline, execution properties, pattern) to tf.Examples."""
        return _read_pictures


@beam.ptransform_fn
@beam.typehints.with_input_types(beam.Pipeline)
@beam.typehints.with_output_types(tf.train.Example)
def _read_pictures(pipeline: beam.Pipeline, exec_properties: dict, split_pattern: str) -> beam.pvalue.PCollection:
    pattern = tf.io.gfile.join(exec_properties["input_base"], split_pattern)
    return (
        pipeline
        | "Match" >> fileio.MatchFiles(pattern)
        | "Read" >> fileio.ReadMatches()
        | "Decode" >> beam.Map(example_of)
    )


def image_example_gen(data: str, code_version: str) -> FileBasedExampleGen:
    """The component; its driver takes a changed, new or deleted file for a change of the data.

    Args:
      data: folder with the sub-folders `owner`, `attacker` and `test`.
      code_version: `tfwm.digests.code_digest()`.
    """
    splits = [tfx.proto.Input.Split(name=split, pattern=f"{split}/{PATTERN}") for split in SPLITS]
    # The only field of its own that a FileBasedExampleGen has; the cache compares it.
    version = struct_pb2.Struct()
    version.update({"code_version": code_version})
    packed = any_pb2.Any()
    packed.Pack(version)
    return FileBasedExampleGen(
        input_base=data,
        input_config=tfx.proto.Input(splits=splits),
        custom_config=tfx.proto.CustomConfig(custom_config=packed),
        custom_executor_spec=BeamExecutorSpec(ImageExampleGenExecutor),
    ).with_id("ImageExampleGen")
