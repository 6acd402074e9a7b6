import json

import pytest

from pipelines import kubeflow_runner, kubeflow_v2_runner, local_runner
from pipelines.cluster import need_kfp
from pipelines.metadata import LastRun, Step

CLUSTER = ["--data", "d", "--root", "r", "--serving-dir", "s", "--work-dir", "/w", "--image", "i", "--preset", "tiny"]


@pytest.mark.parametrize(
    "extra, message",
    [
        ([], "has none"),
        (["--preset", "huge"], "no preset `huge`"),
        (["--scheme", "trigger"], "no scheme `trigger`. Did you mean `trigger_image`"),
        (["--serving-check", "pyhton"], "Did you mean `python`"),
        (["--policy", "{tmp}/policy.json"], "no field `alhpa`. Did you mean `alpha`"),
        (["--settings", "{tmp}/gone.json"], "gone.json"),
        (["--scheme", "blind_watermark"], "has none. Make one folder a class"),
        (["--scheme", "deep_stego", "--settings", "{tmp}/host.json"], "ClassifierSettings has no field `filters`"),
    ],
)
def test_usage_errors_are_one_line_and_exit_2(tmp_path, capsys, extra, message):
    (tmp_path / "policy.json").write_text('{"alhpa": 1}')
    (tmp_path / "host.json").write_text('{"host": {"filters": 4}}')
    options = [text.format(tmp=tmp_path) for text in extra]
    assert local_runner.main(["--data", str(tmp_path), "--root", str(tmp_path / "run"), *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error


def test_options_reach_the_configuration(tmp_path):
    (tmp_path / "policy.json").write_text('{"alpha": 0.5}')
    (tmp_path / "settings.json").write_text(json.dumps({"wrong_keys": 1, "seed": 9}))
    options = ["--data", tmp_path, "--root", tmp_path, "--preset", "tiny", "--no-cache", "--serving-check", "none",
               "--policy", tmp_path / "policy.json", "--settings", tmp_path / "settings.json", "--secret-file", "s",
               "--host-path", "h"]  # fmt: skip
    config = local_runner.config_from(local_runner.parser().parse_args([str(option) for option in options]))
    assert (config.enable_cache, config.serving_check, config.policy.alpha) == (False, "none", 0.5)
    assert (config.wrong_keys, config.seed, config.secret_file, config.host_path) == (1, 9, "s", "h")


def test_docker_that_is_not_there_is_told_before_the_training(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(RuntimeError, match="needs a Docker daemon, and none answers"):
        local_runner.check_serving("docker")
    local_runner.check_serving("python")


def test_what_is_left_out_of_the_data_is_said_before_the_training(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")  # so that the run ends before tfx is loaded
    for part in ("owner", "attacker", "test"):
        (tmp_path / "data" / part).mkdir(parents=True)
        (tmp_path / "data" / part / "0.png").touch()
    options = ["--data", str(tmp_path / "data"), "--root", str(tmp_path / "run"), "--serving-check", "docker"]
    assert local_runner.main(options) == 2
    assert capsys.readouterr().err.startswith("error: ")
    for name in ("a.txt", "b.txt", "c.txt", "d.txt", ".hidden"):
        (tmp_path / "data" / "owner" / name).touch()
    assert local_runner.main(options) == 2
    said = "left out of the data: owner/a.txt, owner/b.txt, owner/c.txt and 1 more"
    assert capsys.readouterr().err.splitlines()[0] == said


def test_one_pipeline_at_a_time_in_a_root(tmp_path):
    with (
        local_runner.alone(tmp_path),
        pytest.raises(RuntimeError, match=r"Another pipeline runs in .*choose another root"),
        local_runner.alone(tmp_path),
    ):
        pass
    with local_runner.alone(tmp_path):
        pass


def test_no_metadata_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Run the pipeline first"):
        LastRun(tmp_path / "metadata.sqlite")


def test_a_missing_kfp_is_told(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match=r"needs kfp 1\.8, which is not installed\. Use Python 3\.10"):
        need_kfp()


@pytest.mark.parametrize("runner", [kubeflow_runner, kubeflow_v2_runner])
def test_a_bucket_as_work_folder_exits_2(runner, capsys, tmp_path):
    options = [*CLUSTER, "--work-dir", "gs://b/w", "--output", str(tmp_path / "p.yaml")]
    assert runner.main(options) == 2
    assert "must be a mounted folder" in capsys.readouterr().err


def test_v2_takes_two_endings(capsys, tmp_path):
    assert kubeflow_v2_runner.main([*CLUSTER, "--output", str(tmp_path / "p.tar.gz")]) == 2
    assert "must end in .yaml or .json, got p.tar.gz" in capsys.readouterr().err


def test_v1_refuses_a_volume_without_a_folder(capsys, tmp_path):
    assert kubeflow_runner.main([*CLUSTER, "--output", str(tmp_path / "p.yaml"), "--volume", "claim"]) == 2
    assert "`volume` must be claim:/folder, got 'claim'" in capsys.readouterr().err


def test_a_summary_reads_like_a_table(tmp_path):
    from pipelines.summary import RunSummary

    steps = (Step("HostTrainer", "cached", 0.04), Step("Pusher", "ran", 1.0))
    blessed = RunSummary(steps, True, (), tmp_path / "1")
    assert str(blessed).splitlines()[0] == "  HostTrainer          cached      0.0 s"
    assert str(blessed).endswith(f"Pushed to {tmp_path / '1'}")
    refused = RunSummary(steps, False, ("Survival: gone.",), None, notes=("test: 2 of its pictures are in owner too",))
    assert "of the data: test: 2 of its pictures" in str(refused)
    assert str(refused).endswith("Not pushed:\n  - Survival: gone.")
