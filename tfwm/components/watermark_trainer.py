"""WatermarkTrainer: the marked model, and apart from it the key."""

# TFX's annotations are instances that its decorator reads, which mypy takes for types.
# mypy: disable-error-code="type-arg,attr-defined,arg-type,assignment,call-overload"

from tfx.v1.dsl.components import InputArtifact, OutputArtifact, Parameter, component
from tfx.v1.types.standard_artifacts import Examples, Model

from tfwm.components import steps
from tfwm.components.artifact_files import KERAS_FILE, private, reading, writing
from tfwm.components.artifacts import MADE_FROM, OwnerKeyArtifact
from tfwm.components.examples import read_split
from tfwm.components.secret import owner_secret
from tfwm.components.settings import parsed, run_on
from tfwm.networks import load_network
from tfwm.schemes import scheme_from_dict


@component
def WatermarkTrainer(
    examples: InputArtifact[Examples],
    host: InputArtifact[Model],
    model: OutputArtifact[Model],
    owner_key: OutputArtifact[OwnerKeyArtifact],
    scheme: Parameter[str],
    secret_file: Parameter[str],
    public: Parameter[int],
    channels: Parameter[int],
    machine: Parameter[str],
    seed: Parameter[int],
    work_dir: Parameter[str],
    files_digest: Parameter[str],
    code_version: Parameter[str],
):
    """Trains the mark and writes model and key.

    Args:
      examples: with the split `owner`.
      host: what to protect.
      model: `model.keras` and, to be pushed, `Format-Serving`.
      owner_key: a key folder; metadata get its fingerprint only.
      scheme: `scheme_to_dict` as JSON.
      secret_file: see `tfwm.components.secret.owner_secret`.
      public: 1 leaves the sealed `extract` signature out of the pushed model, 0 keeps it in.
      channels: 1 or 3, of the pictures that the scheme works on.
      machine: `Machine` as JSON.
      seed: of every draw but the secret.
      work_dir: checkpoints and TensorBoard logs; must outlive the run.
      files_digest: of the secret's fingerprint and the files that `scheme` names; for the cache only.
      code_version: `code_digest()`; for the cache only.
    """
    method = scheme_from_dict(parsed("scheme", scheme, dict))
    run = run_on(machine, seed, private(work_dir) / "watermark")
    secret = owner_secret(secret_file, work_dir)
    with reading(host.uri) as folder:
        unmarked = load_network(folder / KERAS_FILE)
    data = read_split(examples.uri, "owner", method.kind, channels=channels)
    method = steps.scheme_for(method, data, unmarked)
    marked = method.train(unmarked, data, run, secret=secret)
    with writing(model.uri) as directory:
        steps.write_model(marked, method, directory, public=bool(public))
    with writing(owner_key.uri) as directory:
        marked.key.save(directory, overwrite=True)
    model.set_string_custom_property(MADE_FROM, host.uri)
    owner_key.set_string_custom_property("fingerprint", marked.key.fingerprint)
    owner_key.set_string_custom_property("scheme", marked.key.scheme)
