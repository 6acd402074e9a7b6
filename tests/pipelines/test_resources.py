"""What the training steps ask of a cluster, and what is refused before the cluster would."""

import argparse

import pytest

from pipelines import kubeflow_runner, kubeflow_v2_runner
from pipelines.cluster import Cluster, cluster_from, parser
from pipelines.platform import platform_of
from pipelines.resources import TRAINING_STEPS, Resources, add_options, resources_from

PLACES = ["--data", "d", "--root", "r", "--serving-dir", "s", "--work-dir", "/w", "--output", "p.yaml"]


def _given(*words):
    made = argparse.ArgumentParser()
    add_options(made)
    return resources_from(made.parse_args(words))


def test_options_become_resources():
    assert _given() == Resources()
    words = ["--gpus", "2", "--gpu-type", "amd.com/gpu", "--cpus", "1.5", "--memory", "16Gi"]
    words += ["--node-selector", "pool=train", "--node-selector", "cloud.google.com/gke-accelerator=nvidia-l4"]
    nodes = {"pool": "train", "cloud.google.com/gke-accelerator": "nvidia-l4"}
    assert _given(*words) == Resources(2, "amd.com/gpu", 1.5, "16Gi", nodes)


@pytest.mark.parametrize(
    ("memory", "expected"), [("16Gi", 17179869184), ("16G", 16 * 10**9), ("512Mi", 536870912), ("7", 7), ("", 0)]
)
def test_memory_in_bytes(memory, expected):
    assert Resources(memory=memory).memory_bytes == expected


def test_a_container_of_v2_counts_in_gigabytes():
    assert Resources().as_container_resources() == {}
    asked = Resources(2, "nvidia.com/gpu", 4.0, "16Gi").as_container_resources()
    gpus = {"type": "nvidia.com/gpu", "count": "2"}
    assert asked == {"cpuLimit": 4.0, "memoryLimit": 17.179869184, "accelerator": gpus}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--gpus", "-1"], "`gpus` and `cpus` must be 0 or more, got -1"),
        (["--gpu-type", "nvidia"], "`gpu_type` must be vendor/name, got 'nvidia'"),
        (["--memory", "16 GB"], "`memory` must be a number and a unit, got '16 GB'"),
        (["--memory", "0"], "`memory` must be a number and a unit, got '0'"),
        (["--node-selector", "pool"], "`--node-selector` must be LABEL=VALUE, got 'pool'"),
        (["--node-selector", "pool-=a"], "`node_selector` must be a label and its value"),
        (["--node-selector", "pool=a b"], "`node_selector` must be a label and its value"),
        (["--node-selector", "Pool.io/x=" + "a" * 64], "`node_selector` must be a label and its value"),
    ],
)
def test_what_kubernetes_refuses_is_refused(words, message):
    with pytest.raises(ValueError, match=message):
        _given(*words)


def test_a_registry_stands_before_the_image():
    options = parser("p", "d")
    given = options.parse_args([*PLACES, "--image", "tfwm:1", "--registry", "registry.example.com:5000/team/"])
    assert cluster_from(given).image == "registry.example.com:5000/team/tfwm:1"
    assert cluster_from(options.parse_args([*PLACES, "--image", "gcr.io/p/tfwm@sha256:" + "a" * 64])).resources == (
        Resources()
    )


@pytest.mark.parametrize("image", ["", "TFWM:1", "tfwm:1 ", "https://gcr.io/tfwm", "tfwm:", "tfwm@sha256:12"])
def test_an_image_that_no_registry_has_is_refused(image):
    with pytest.raises(ValueError, match="`image` must be registry/name:tag in small letters"):
        Cluster("d", "r", "s", "/w", image)


def test_only_training_steps_choose_their_nodes_and_only_one_sees_the_secret():
    labels = [f"{step}_executor" for step in ("Pusher", *TRAINING_STEPS)]
    nodes = Resources(node_selector={"pool": "train"})
    document = platform_of(labels, nodes, volume=("claim", "/m"), secret=("owner", "/s"))
    asked = document["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    mount = [{"constant": "claim", "mountPath": "/m"}]
    assert asked["Pusher_executor"] == {"pvcMount": mount}
    assert {label for label, one in asked.items() if "nodeSelector" in one} == {*labels} - {"Pusher_executor"}
    assert [label for label, one in asked.items() if "secretAsVolume" in one] == ["WatermarkTrainer_executor"]
    assert asked["HostTrainer_executor"] == {"pvcMount": mount, "nodeSelector": {"labels": {"pool": "train"}}}
    assert platform_of(labels, Resources(gpus=1), volume=None, secret=None) == {}


@pytest.mark.parametrize("runner", [kubeflow_runner, kubeflow_v2_runner])
def test_a_command_with_such_an_option_ends_with_2(runner, capsys, tmp_path):
    options = [*PLACES[:-1], str(tmp_path / "p.yaml"), "--image", "i", "--preset", "tiny", "--memory", "lots"]
    assert runner.main(options) == 2
    assert capsys.readouterr().err.startswith("error: `memory` must be a number and a unit, got 'lots'")
