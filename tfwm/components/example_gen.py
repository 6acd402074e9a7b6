"""ImageExampleGen: folders of pictures to tf.Examples in three explicit splits, for any kind of host."""

from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.io import fileio
from google.protobuf import any_pb2, struct_pb2
from tfx import v1 as tfx
from tfx.components import FileBasedExampleGen
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.utils import proto_utils

from tfwm.components.beam_steps import example_of
from tfwm.components.example_forms import SPLITS
from tfwm.components.examples import FORMS


class ImageExampleGenExecutor(BaseExampleGenExecutor):
    """Reads every picture that matches a split's pattern; one that is none stops the pipeline with its name."""

    def GetInputSourceToExamplePTransform(self) -> Any:
        """The transform from (pipeline, execution properties, pattern) to tf.Examples."""
        return _read_pictures


@beam.ptransform_fn
@beam.typehints.with_input_types(beam.Pipeline)
@beam.typehints.with_output_types(tf.train.Example)
def _read_pictures(pipeline: beam.Pipeline, exec_properties: dict, split_pattern: str) -> beam.pvalue.PCollection:
    folder, kind = exec_properties["input_base"], _kind_of(exec_properties["custom_config"])
    return (
        pipeline
        | "Match" >> fileio.MatchFiles(tf.io.gfile.join(folder, split_pattern))
        | "Read" >> fileio.ReadMatches()
        | "Decode" >> beam.Map(example_of, kind, FORMS[kind].class_names(folder))
    )


def _kind_of(custom_config: str) -> str:
    settings = struct_pb2.Struct()
    proto_utils.json_to_proto(custom_config, tfx.proto.CustomConfig()).custom_config.Unpack(settings)
    return str(settings["kind"])


def image_example_gen(data: str, kind: str, data_version: str, code_version: str) -> FileBasedExampleGen:
    """The component; its driver takes a changed, new or deleted file for a change of the data.

    Args:
      data: folder with the sub-folders `owner`, `attacker` and `test`.
      kind: of the hosts that learn from the data, a name in `tfwm.kinds.KINDS`.
      data_version: `tfwm.components.examples.listing_digest`, or empty where the files are not at hand; for the cache.
      code_version: `tfwm.digests.code_digest()`; for the cache.
    """
    splits = [tfx.proto.Input.Split(name=split, pattern=f"{split}/{FORMS[kind].pattern}") for split in SPLITS]
    # The only field of its own that a FileBasedExampleGen has; the cache compares it.
    settings = struct_pb2.Struct()
    settings.update({"kind": kind, "data_version": data_version, "code_version": code_version})
    packed = any_pb2.Any()
    packed.Pack(settings)
    return FileBasedExampleGen(
        input_base=data,
        input_config=tfx.proto.Input(splits=splits),
        custom_config=tfx.proto.CustomConfig(custom_config=packed),
        custom_executor_spec=BeamExecutorSpec(ImageExampleGenExecutor),
    ).with_id("ImageExampleGen")
