"""ServingSmokeTest: an infra validation for machines without Docker, with the project's own server."""

# TFX's annotations are instances that its decorator reads, which mypy takes for types.
# mypy: disable-error-code="type-arg,attr-defined,arg-type,assignment,call-overload"

import tensorflow as tf
from tfx.v1.dsl.components import InputArtifact, OutputArtifact, Parameter, component
from tfx.v1.types.standard_artifacts import InfraBlessing, Model

from tfwm.components import smoke
from tfwm.components.artifact_files import SERVING, reading


@component
def ServingSmokeTest(
    model: InputArtifact[Model],
    blessing: OutputArtifact[InfraBlessing],
    code_version: Parameter[str],
):
    """Serves the model on this machine and asks every public signature once.

    Args:
      model: with a folder `Format-Serving`.
      blessing: what Pusher looks at.
      code_version: `code_digest()`; for the cache only.
    """
    with reading(model.uri) as folder:
        found = smoke.problems(folder / SERVING)
    blessing.set_int_custom_property("blessed", int(not found))
    tf.io.gfile.makedirs(blessing.uri)
    marker = "INFRA_NOT_BLESSED" if found else "INFRA_BLESSED"
    with tf.io.gfile.GFile(tf.io.gfile.join(blessing.uri, marker), "w") as file:
        file.write("\n".join(found))
