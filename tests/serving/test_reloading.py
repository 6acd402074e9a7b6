"""Other models in a running server, and what it refuses to take at a time."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc

from serving import servables
from serving.channels import open_channel
from serving.client import predict
from serving.limits import Limits
from serving.server import Server
from tests.serving.brightener import error_of, images
from tests.serving.test_rest import ask

IMAGE = images(1, 4, 4, 3)


def listing(**folders: Path) -> model_management_pb2.ReloadConfigRequest:
    """A request for these models."""
    entries = " ".join(f'config {{ name: "{name}" base_path: "{path}" }}' for name, path in folders.items())
    text = f"config {{ model_config_list {{ {entries} }} }}"
    return text_format.Parse(text, model_management_pb2.ReloadConfigRequest())


def reload(server: Server, request: model_management_pb2.ReloadConfigRequest) -> Any:
    with open_channel(server.address) as channel:
        return model_service_pb2_grpc.ModelServiceStub(channel).HandleReloadConfigRequest(request)


def gain(server: Server, model: str) -> float:
    return float(np.mean(predict(server.address, model, {"image": IMAGE})["image"] / IMAGE))


def test_models_come_stay_and_go(versions: dict[float, Path]) -> None:
    with Server({"a": versions[0.5], "b": versions[0.5]}, allow_reload=True, poll_s=0.1) as server:
        assert reload(server, listing(b=versions[0.5], c=versions[0.25])).status.error_code == 0
        assert (gain(server, "b"), gain(server, "c")) == (pytest.approx(0.5), pytest.approx(0.25))
        with pytest.raises(RuntimeError, match=r"NOT_FOUND: Servable not found for request: Latest\(a\)"):
            gain(server, "a")
        reload(server, listing(b=versions[0.25]))
        assert gain(server, "b") == pytest.approx(0.25)


def test_no_request_fails_while_models_change(versions: dict[float, Path]) -> None:
    stopping = threading.Event()

    def load(server: Server) -> set[float]:
        found = set()
        while not stopping.is_set():
            found.add(round(gain(server, "m"), 4))
        return found

    with Server({"m": versions[0.5]}, allow_reload=True, poll_s=0.05) as server, ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(load, server) for _ in range(3)]
        for name in (0.25, 0.5, 0.25):
            reload(server, listing(m=versions[name], other=versions[0.5]))
        stopping.set()
        assert set().union(*(each.result() for each in asked)) <= {0.5, 0.25}


@pytest.mark.parametrize(
    ("request_of", "code", "message"),
    [
        (lambda folder: listing(m=folder / "nowhere"), "NOT_FOUND", "model `m` has no version that loads under"),
        (lambda folder: listing(n=folder, m=folder / "x"), "NOT_FOUND", "model `m` has no version"),
        (lambda folder: listing(), "INVALID_ARGUMENT", "`the request` lists no model"),
        (
            lambda folder: model_management_pb2.ReloadConfigRequest(), "INVALID_ARGUMENT",
            "Only ModelConfigList is currently supported",
        ),
        (lambda folder: listing(**{"a/b": folder}), "INVALID_ARGUMENT", "`name` must be a model name"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_changes_nothing(
    versions: dict[float, Path], request_of: Any, code: str, message: str
) -> None:
    with Server({"m": versions[0.5]}, allow_reload=True) as server:
        found, words = error_of(lambda: reload(server, request_of(versions[0.25])))
        assert (found.name, message in words) == (code, True)
        assert gain(server, "m") == pytest.approx(0.5)


def test_models_stay_where_nobody_allowed_to_change_them(server: Server, versions: dict[float, Path]) -> None:
    code, words = error_of(lambda: reload(server, listing(m=versions[0.25])))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert "--allow-reload" in words


def test_a_message_and_a_batch_that_are_too_large_are_refused(versions: dict[float, Path], tmp_path: Path) -> None:
    shutil.copytree(versions[0.5], tmp_path / "m" / "1")
    with Server({"m": tmp_path / "m"}, rest_port=0, limits=Limits(message_mib=1, batch=2)) as server:
        assert predict(server.address, "m", {"image": images(2, 4, 4, 3)})["image"].shape == (2, 4, 4, 3)
        with pytest.raises(RuntimeError, match="INVALID_ARGUMENT: input tensor image holds 3 entries, and this server"):
            predict(server.address, "m", {"image": images(3, 4, 4, 3)})
        with pytest.raises(RuntimeError, match="RESOURCE_EXHAUSTED"):
            predict(server.address, "m", {"image": images(1, 400, 400, 3)})
        assert ask(server, "POST", "/v1/models/m:predict", {"instances": images(3, 1, 1, 3).tolist()})[0] == 400
        code, answer = ask(server, "POST", "/v1/models/m:predict", b" " * (2**20 + 1))
        assert (code, "up to 1048576" in answer["error"]) == (400, True)


def test_requests_beyond_the_limit_are_refused_at_once(
    versions: dict[float, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, going_on = threading.Event(), threading.Event()
    run = servables.Servable.run

    def slow(*arguments: Any) -> Any:
        running.set()
        going_on.wait(10)
        return run(*arguments)

    with Server({"m": versions[0.5]}, limits=Limits(requests=1)) as server, ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(servables.Servable, "run", slow)
        first = pool.submit(predict, server.address, "m", {"image": IMAGE})
        assert running.wait(10)
        with pytest.raises(RuntimeError, match="RESOURCE_EXHAUSTED"):
            predict(server.address, "m", {"image": IMAGE})
        going_on.set()
        np.testing.assert_allclose(first.result()["image"], IMAGE * 0.5, rtol=1e-6)


def test_limits_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="`message_mib` must be at least 0, got -1"):
        Limits(message_mib=-1)
