"""What the pipeline's Pusher does besides copying: it heeds blessings, and knows places without a rename."""

import pytest

pytestmark = pytest.mark.trains  # loads tfx


@pytest.fixture
def artifacts(tmp_path):
    """A blessed model, and where it is archived."""
    from tfx.types import standard_artifacts

    made = {
        "model": standard_artifacts.Model(), "model_blessing": standard_artifacts.ModelBlessing(),
        "pushed_model": standard_artifacts.PushedModel(),
    }  # fmt: skip
    for name, artifact in made.items():
        artifact.uri = str(tmp_path / name)
    (tmp_path / "model" / "Format-Serving").mkdir(parents=True)
    (tmp_path / "model" / "Format-Serving" / "saved_model.pb").write_bytes(b"graph")
    made["model_blessing"].set_int_custom_property("blessed", 1)
    return made


def _push(artifacts, serving_dir):
    from tfx import v1 as tfx
    from tfx.utils import proto_utils

    from tfwm.components.pusher import WholeVersions

    place = tfx.proto.PushDestination.Filesystem(base_directory=str(serving_dir))
    properties = {"push_destination": proto_utils.proto_to_json(tfx.proto.PushDestination(filesystem=place))}
    inputs = {name: [artifacts[name]] for name in ("model", "model_blessing")}
    WholeVersions().Do(inputs, {"pushed_model": [artifacts["pushed_model"]]}, properties)
    return artifacts["pushed_model"]


def test_the_metadata_say_where_the_model_went_and_a_second_push_changes_nothing(artifacts, tmp_path):
    pushed = _push(artifacts, tmp_path / "serving")
    place, version = (pushed.get_string_custom_property(f"pushed_{name}") for name in ("destination", "version"))
    assert place == str(tmp_path / "serving" / version)
    assert pushed.get_int_custom_property("pushed") == 1
    for folder in (tmp_path / "serving" / version, tmp_path / "pushed_model"):
        assert (folder / "saved_model.pb").read_bytes() == b"graph"
    assert _push(artifacts, tmp_path / "serving").get_string_custom_property("pushed_version") == version


def test_a_model_that_is_not_blessed_goes_nowhere(artifacts, tmp_path):
    artifacts["model_blessing"].set_int_custom_property("blessed", 0)
    assert _push(artifacts, tmp_path / "serving").get_int_custom_property("pushed") == 0
    assert not (tmp_path / "serving").exists()
    assert not (tmp_path / "pushed_model").exists()


def test_an_object_store_gets_the_files_one_by_one(artifacts):
    import tensorflow as tf

    pushed = _push(artifacts, "ram://versions")
    (version,) = tf.io.gfile.listdir("ram://versions")
    assert version.rstrip("/") == pushed.get_string_custom_property("pushed_version")
    assert tf.io.gfile.exists(f"{pushed.get_string_custom_property('pushed_destination')}/saved_model.pb")
