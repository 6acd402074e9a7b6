"""Configuration files parse and agree with each other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from serving import config
from serving.config import ModelConfig

SERVING = Path(__file__).parents[2] / "serving"
MANIFESTS = sorted([*SERVING.glob("*.yaml"), *SERVING.glob("k8s/*.yaml")])


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((SERVING / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifests_parse(path: Path) -> None:
    assert all(isinstance(document, dict) for document in yaml.safe_load_all(path.read_text(encoding="utf-8")))


def test_all_manifests_are_there() -> None:
    expected = {"docker-compose.yaml", "kserve.yaml", "configmap.yaml", "deployment.yaml", "service.yaml"}
    assert {path.name for path in MANIFESTS} == expected


def test_models_config() -> None:
    assert config.from_file(SERVING / "models.config") == [ModelConfig("marked", "/models/marked")]


def test_a_models_config_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "models.config").write_bytes(b"\xef\xbb\xbf" + (SERVING / "models.config").read_bytes())
    assert config.from_file(tmp_path / "models.config") == [ModelConfig("marked", "/models/marked")]


def test_the_config_map_holds_a_models_config(tmp_path: Path) -> None:
    (configmap,) = documents("k8s/configmap.yaml")
    (tmp_path / "models.config").write_text(configmap["data"]["models.config"])
    assert config.from_file(tmp_path / "models.config") == config.from_file(SERVING / "models.config")


def test_service_deployment_and_config_map_fit_together() -> None:
    (deployment,), (service,), (configmap,) = (
        documents(f"k8s/{n}.yaml") for n in ("deployment", "service", "configmap")
    )
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert f"--port={ports['grpc']}" in container["args"]
    assert f"--rest_api_port={ports['rest']}" in container["args"]
    assert service["spec"]["selector"] == pod["metadata"]["labels"] == deployment["spec"]["selector"]["matchLabels"]
    # Only gRPC is published: the REST port of the real server has no TLS.
    assert [port["targetPort"] for port in service["spec"]["ports"]] == ["grpc"]
    assert "--ssl_config_file=/tls/ssl.config" in container["args"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/v1/models/marked", "port": "rest"}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {"models": "/models", "config": "/config", "tls": "/tls", "tmp": "/tmp"}
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert volumes["config"]["configMap"]["name"] == configmap["metadata"]["name"]


def test_compose_listens_on_this_machine_only() -> None:
    (compose,) = documents("docker-compose.yaml")
    assert all(port.startswith("127.0.0.1:") for port in compose["services"]["serving"]["ports"])


def test_batching_config_has_the_fields_of_the_real_server() -> None:
    lines = [line for line in (SERVING / "batching.config").read_text().splitlines() if not line.startswith("#")]
    matches = [re.fullmatch(r"(\w+) \{ value: (\d+) \}", line) for line in lines]
    fields = {match[1] for match in matches if match}
    assert len(fields) == len(lines)
    assert fields == {"max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads"}


def test_policies_and_labels_are_read(tmp_path: Path) -> None:
    (tmp_path / "c").write_text(
        """model_config_list {
          config { name: "a" base_path: "/a" model_version_policy { latest { num_versions: 2 } } }
          config { name: "b" base_path: "/b" model_version_policy { all {} } version_labels { key: "s" value: 4 } }
          config { name: "c" base_path: "/c" model_version_policy { specific { versions: 3 versions: 9 } } }
        }"""
    )
    a, b, c = config.from_file(tmp_path / "c")
    assert [model.choose([1, 9, 3]) for model in (a, b, c)] == [[3, 9], [1, 3, 9], [3, 9]]
    assert b.labels == (("s", 4),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "is not a ModelServerConfig"),
        ("", "lists no model"),
        ('model_config_list { config { name: "a" base_path: "/a" model_platform: "x" } }', 'must be "tensorflow", got'),
        ('model_config_list { config { base_path: "/a" } }', "`name` must be a model name"),
        ('model_config_list { config { name: "a" } }', "`base_path` of model `a` is empty"),
    ],
)
def test_wrong_configs_are_said(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "c").write_text(text)
    with pytest.raises(ValueError, match=re.escape(message)):
        config.from_file(tmp_path / "c")


def test_wrong_models_are_said() -> None:
    with pytest.raises(ValueError, match="names a model twice"):
        config.from_mapping([ModelConfig("a", "/a"), ModelConfig("a", "/b")])
    with pytest.raises(ValueError, match="`latest` must be at least 1, got 0"):
        ModelConfig("a", "/a", latest=0)
