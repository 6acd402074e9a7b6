"""docs/kubeflow.md: its commands are commands that exist, and its manifests fit what it says of them."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "docs/kubeflow.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", GUIDE, re.S)
    return [line.removesuffix(" &") for block in blocks for line in block.splitlines()]


def starting(word: str) -> list[list[str]]:
    return [shlex.split(line) for line in commands() if line.startswith(word)]


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / name).read_text(encoding="utf-8")))


def test_every_command_is_one_that_this_test_knows() -> None:
    known = ("export IMAGE=", "make ", "docker push ", "kubectl ", "(umask 077", "chmod ", ".venv/bin/")
    assert [line for line in commands() if not line.startswith(known)] == []
    assert len(commands()) > 20


def test_targets_of_make_and_manifests_are_there() -> None:
    for words in starting("make "):
        assert subprocess.run(["make", "-n", words[1]], cwd=ROOT, capture_output=True, check=False).returncode == 0
    applied = [words[words.index("-f") + 1] for words in starting("kubectl") if "apply" in words]
    assert applied == ["pipelines/k8s/files.yaml", "serving/k8s/", "pipelines/k8s/tfjob.yaml"]
    assert all((ROOT / name).exists() for name in applied)


def test_the_pod_and_the_claims_are_those_of_the_commands() -> None:
    claim, models, pod = documents("pipelines/k8s/files.yaml")
    (deployment,) = documents("serving/k8s/deployment.yaml")
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    assert [v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v] == [
        models["metadata"]["name"]
    ]
    (runner,) = starting(".venv/bin/python -m pipelines.kubeflow_runner")
    assert f"{claim['metadata']['name']}:/mnt/tfwm" in runner
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["spec"]["containers"][0]["volumeMounts"]}
    assert mounts == {"tfwm": "/mnt/tfwm", "models": "/mnt/models"}
    # A file that one of them writes, the other can read: the Dockerfile's user.
    assert f"--uid {pod['spec']['securityContext']['runAsUser']} " in (ROOT / "Dockerfile").read_text()
    assert "automountServiceAccountToken" in pod["spec"]


def test_the_job_has_a_chief_and_workers_that_run_the_command_alike() -> None:
    import argparse

    from tfwm.commands import protect

    (job,) = documents("pipelines/k8s/tfjob.yaml")
    roles = job["spec"]["tfReplicaSpecs"]
    assert (job["kind"], list(roles)) == ("TFJob", ["Chief", "Worker"])
    assert roles["Chief"]["replicas"] == 1
    assert roles["Chief"]["template"] == roles["Worker"]["template"]
    # A worker that stops because another is gone has failed, and shall start again with it.
    assert all(role["restartPolicy"] == "OnFailure" for role in roles.values())
    pod = roles["Chief"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["name"] == "tensorflow"
    assert container["command"] == ["tfwm", "protect"]
    parser = argparse.ArgumentParser()
    protect.add_arguments(parser)
    given = parser.parse_args(container["args"])
    assert given.strategy == "multiworker"
    # The folder that all of them share.
    (claim,) = [volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"]]
    assert claim == documents("pipelines/k8s/files.yaml")[0]["metadata"]["name"]
    assert given.out.startswith("/mnt/tfwm/")
    assert given.data.startswith("/mnt/tfwm/")


@pytest.mark.trains  # nothing, but it compiles with TFX
def test_both_compilers_take_the_guides_options(tmp_path: Path) -> None:
    from pipelines import kubeflow_runner, kubeflow_v2_runner

    for module in (kubeflow_runner, kubeflow_v2_runner):
        (words,) = starting(f".venv/bin/python -m {module.__name__} ")
        out = tmp_path / words[-1]
        given = [word.replace("$IMAGE", "registry.example.com/tfwm:1") for word in words[3:-1]]
        assert module.main([*given, str(out)]) == 0
        assert "registry.example.com/tfwm:1" in out.read_text()


@pytest.mark.trains
def test_the_client_of_kubeflow_knows_the_guides_options() -> None:
    import importlib

    for words in starting(".venv/bin/kfp"):
        group, name, *options = words[3:]
        command = getattr(importlib.import_module(f"kfp.cli.{group}"), group).commands[name]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {option for option in options if option.startswith("--")} <= known
    assert len(starting(".venv/bin/kfp")) == 2


def test_the_steps_folders_are_named_as_the_guide_looks_for_them() -> None:
    from tests.pipelines.expected import STEPS

    for step in re.findall(r"/mnt/tfwm/root/(\w+)/", GUIDE):
        assert step in STEPS


def test_the_secret_is_what_the_pipeline_reads(tmp_path: Path) -> None:
    from tfwm.components.secret import owner_secret

    (line,) = [line for line in commands() if line.startswith("(umask")]
    subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True)
    assert len(owner_secret(str(tmp_path / "owner_secret.hex"), tmp_path)) == 32


def test_a_verification_takes_the_guides_options() -> None:
    import argparse

    from tfwm.commands import verify

    parser = argparse.ArgumentParser()
    verify.add_arguments(parser)
    (words,) = starting(".venv/bin/tfwm verify")
    given = parser.parse_args(words[2:])
    assert (given.trust_key, given.tls_ca) == (True, "ca.pem")
