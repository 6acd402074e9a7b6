import pytest

from tfwm.components.settings import Machine, files_digest, parsed, run_on, to_json
from tfwm.config import to_dict


def test_equal_settings_are_equal_texts():
    assert to_json({"b": 1, "a": (1, 2)}) == to_json({"a": [1, 2], "b": 1}) == '{"a": [1, 2], "b": 1}'


def test_a_run_has_everything_that_the_machine_says(tmp_path):
    machine = Machine("mirrored", "mixed_float16", True, 0.5, True)
    run = run_on(to_json(to_dict(machine)), 7, tmp_path)
    assert (run.strategy, run.precision, run.jit, run.steps_scale, run.quiet) == (
        "mirrored", "mixed_float16", True, 0.5, True,
    )  # fmt: skip
    assert (run.seed, run.directory) == (7, tmp_path)


def test_an_unknown_setting_of_the_machine_names_the_closest(tmp_path):
    with pytest.raises(ValueError, match=r"no field `precison`. Did you mean `precision`\?"):
        run_on('{"precison": "float32"}', 0, tmp_path)


@pytest.mark.parametrize(
    "text, kind, message",
    [
        ("{", dict, "`scheme` must be a JSON object, got other text"),
        ("[]", dict, "`scheme` must be a JSON object, got list"),
        ("{}", list, "`scheme` must be a JSON list, got dict"),
    ],
)
def test_a_parameter_of_another_kind_is_refused(text, kind, message):
    with pytest.raises(ValueError, match=message):
        parsed("scheme", text, kind)


def test_the_content_of_named_files_decides_the_digest(tmp_path):
    logo = tmp_path / "logo.png"
    logo.write_bytes(b"one")
    settings = {"scheme": "x", "logo": str(logo), "vgg_weights": ""}
    before = files_digest(settings)
    assert files_digest([{"attacks": [settings]}]) == before
    logo.write_bytes(b"two")
    assert files_digest(settings) != before
    assert files_digest({"scheme": "x", "logo": ""}) == files_digest()


def test_one_more_path_counts(tmp_path):
    (tmp_path / "host.keras").write_bytes(b"host")
    assert files_digest(also=str(tmp_path / "host.keras")) != files_digest()


def test_a_named_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"name the file `.*gone\.npz`"):
        files_digest({"vgg_weights": str(tmp_path / "gone.npz")})


def test_a_folder_counts_with_all_that_is_in_it(tmp_path):
    (tmp_path / "host" / "variables").mkdir(parents=True)
    (tmp_path / "host" / "variables" / "index").write_bytes(b"one")
    before = files_digest(also=str(tmp_path / "host"))
    (tmp_path / "host" / ".DS_Store").write_bytes(b"of the file manager")
    assert files_digest(also=str(tmp_path / "host")) == before
    (tmp_path / "host" / "variables" / "index").write_bytes(b"two")
    changed = files_digest(also=str(tmp_path / "host"))
    (tmp_path / "host" / "variables" / "index").rename(tmp_path / "host" / "index")
    assert len({before, changed, files_digest(also=str(tmp_path / "host"))}) == 3


def test_a_folder_is_no_logo(tmp_path):
    with pytest.raises(FileNotFoundError, match="name the file"):
        files_digest({"logo": str(tmp_path)})
