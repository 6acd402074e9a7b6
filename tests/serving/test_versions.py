"""Versions come, fail and go without a failed request."""

from __future__ import annotations

import gc
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from serving import tensors
from serving.client import open_channel, predict
from serving.config import ModelConfig
from serving.server import Server
from serving.versions import versions_on_disk
from serving.warmup import write_warmup
from tests.serving.brightener import error_of, images, predict_request

State = get_model_status_pb2.ModelVersionStatus
IMAGE = images(1, 8, 8, 3)
POLL_S = 0.1
DAMAGED = ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"]


@pytest.fixture
def folder(versions: dict[float, Path], tmp_path: Path) -> Path:
    """A folder whose version 1 halves."""
    shutil.copytree(versions[0.5], tmp_path / "1")
    return tmp_path


@pytest.fixture
def running(folder: Path) -> Iterator[Server]:
    with Server({"m": folder}, poll_s=POLL_S) as server:
        yield server


def push(source: Path, folder: Path, version: int) -> None:
    """As the pipeline's Pusher does: saved_model.pb comes last."""
    target = folder / str(version)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("saved_model.pb"))
    time.sleep(2 * POLL_S)
    shutil.copy(source / "saved_model.pb", target / "saved_model.pb")


def states(server: Server) -> dict[int, tuple[int, int]]:
    """(state, error code) by version, as GetModelStatus tells them."""
    request = get_model_status_pb2.GetModelStatusRequest(model_spec=model_pb2.ModelSpec(name="m"))
    with open_channel(server.address) as channel:
        response = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request)
    return {entry.version: (entry.state, entry.status.error_code) for entry in response.model_version_status}


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits until `condition` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def gain(server: Server, version: int | None = None) -> float:
    """What the served version multiplies by."""
    answer = predict(server.address, "m", {"image": IMAGE}, version=version)
    return float(np.mean(answer["image"] / IMAGE))


def test_a_new_version_takes_over_under_load_without_a_failure(
    running: Server, folder: Path, versions: dict[float, Path]
) -> None:
    failures: list[Any] = []
    answers: list[tuple[int, float]] = []
    stopping = threading.Event()

    def load() -> None:
        with open_channel(running.address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            while not stopping.is_set():
                try:
                    response = stub.Predict(predict_request({"image": IMAGE}))
                    gain = np.mean(tensors.to_array(response.outputs["image"], "image") / IMAGE)
                    answers.append((response.model_spec.version.value, round(float(gain), 4)))
                except grpc.RpcError as error:
                    failures.append(error)

    clients = [threading.Thread(target=load) for _ in range(4)]
    for client in clients:
        client.start()
    push(versions[0.25], folder, 2)
    wait_for(lambda: states(running).get(2) == (State.AVAILABLE, 0) and states(running)[1] == (State.END, 0))
    time.sleep(0.2)
    stopping.set()
    for client in clients:
        client.join()
    assert failures == []
    assert set(answers) == {(1, 0.5), (2, 0.25)}
    assert gain(running) == pytest.approx(0.25)
    with pytest.raises(RuntimeError, match=r"NOT_FOUND: Servable not found for request: Specific\(m, 1\)"):
        gain(running, version=1)


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_corrupt_version_ends_and_the_old_one_stays(
    running: Server, folder: Path, versions: dict[float, Path], damage: str
) -> None:
    shutil.copytree(versions[0.25], folder / "tmp")
    (folder / "tmp" / damage).write_bytes(b"\xff" * 64)
    (folder / "tmp").rename(folder / "2")
    wait_for(lambda: states(running).get(2, (0, 0))[0] == State.END)
    assert states(running)[2][1] != 0
    assert states(running)[1] == (State.AVAILABLE, 0)
    assert gain(running) == pytest.approx(0.5)
    shutil.copy(versions[0.25] / damage, folder / "2" / damage)
    wait_for(lambda: states(running)[2] == (State.AVAILABLE, 0))
    assert gain(running) == pytest.approx(0.25)


def test_removing_the_newest_version_brings_the_older_one_back(folder: Path, versions: dict[float, Path]) -> None:
    shutil.copytree(versions[0.25], folder / "2")
    with Server({"m": folder}, poll_s=POLL_S) as server:
        assert gain(server) == pytest.approx(0.25)
        shutil.rmtree(folder / "2")
        wait_for(lambda: states(server) == {1: (State.AVAILABLE, 0), 2: (State.END, 0)})
        assert gain(server) == pytest.approx(0.5)


def test_a_folder_that_vanishes_does_not_end_the_service(running: Server, folder: Path) -> None:
    shutil.rmtree(folder / "1")
    time.sleep(3 * POLL_S)
    assert gain(running) == pytest.approx(0.5)


def test_a_restart_falls_back_to_the_version_that_loads(folder: Path) -> None:
    (folder / "2").mkdir()
    with Server({"m": folder}) as server:
        assert gain(server) == pytest.approx(0.5)
        assert states(server)[2][0] == State.END


def test_version_policies_and_labels(folder: Path, versions: dict[float, Path]) -> None:
    shutil.copytree(versions[0.25], folder / "2")
    models = [
        ModelConfig("m", str(folder), every_version=True, labels=(("stable", 1),)),
        ModelConfig("one", str(folder), versions=(1,)),
    ]
    with Server(models) as server, open_channel(server.address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        assert (gain(server), gain(server, 1)) == (pytest.approx(0.25), pytest.approx(0.5))
        request = predict_request({"image": IMAGE})
        request.model_spec.version_label = "stable"
        assert stub.Predict(request).model_spec.version.value == 1
        assert stub.Predict(predict_request({"image": IMAGE}, model="one")).model_spec.version.value == 1
        code, _ = error_of(lambda: stub.Predict(predict_request({"image": IMAGE}, model="one", version=2)))
        assert code is grpc.StatusCode.NOT_FOUND


def labelled(server: Server, label: str) -> float:
    """What the version behind a label multiplies by."""
    request = predict_request({"image": IMAGE})
    request.model_spec.version_label = label
    with open_channel(server.address) as channel:
        response = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request)
    return float(np.mean(tensors.to_array(response.outputs["image"], "image") / IMAGE))


def test_a_label_holds_its_version_when_a_newer_one_takes_over(folder: Path, versions: dict[float, Path]) -> None:
    with Server([ModelConfig("m", str(folder), labels=(("stable", 1),))], poll_s=POLL_S) as server:
        shutil.copytree(versions[0.25], folder / "tmp")
        (folder / "tmp").rename(folder / "2")
        wait_for(lambda: states(server).get(2) == (State.AVAILABLE, 0))
        time.sleep(3 * POLL_S)
        assert states(server)[1] == (State.AVAILABLE, 0)
        assert (labelled(server, "stable"), gain(server)) == (pytest.approx(0.5), pytest.approx(0.25))
        # A newer one that does not load must not leave the label's version as the newest.
        (folder / "3").mkdir()
        wait_for(lambda: states(server).get(3, (0, 0))[0] == State.END)
        time.sleep(2 * POLL_S)
        assert gain(server) == pytest.approx(0.25)


def test_a_restart_falls_back_past_a_version_that_a_label_holds(folder: Path, versions: dict[float, Path]) -> None:
    shutil.copytree(versions[0.25], folder / "2")
    (folder / "3").mkdir()
    with Server([ModelConfig("m", str(folder), labels=(("stable", 1),))]) as server:
        assert (labelled(server, "stable"), gain(server)) == (pytest.approx(0.5), pytest.approx(0.25))


def test_a_label_that_lost_its_version_is_told_once(
    folder: Path, versions: dict[float, Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    shutil.copytree(versions[0.25], folder / "2")
    lost = "label stable of model m points to version 1, which is not served"
    with Server([ModelConfig("m", str(folder), labels=(("stable", 1),))], poll_s=POLL_S) as server:
        assert lost not in caplog.text
        (folder / "1").rename(folder / "tmp")
        wait_for(lambda: lost in caplog.text)
        time.sleep(3 * POLL_S)
        assert caplog.text.count(lost) == 1
        with pytest.raises(grpc.RpcError, match=r"Servable not found for request: Specific\(m, 1\)"):
            labelled(server, "stable")
        (folder / "tmp").rename(folder / "1")
        wait_for(lambda: "label stable of model m is served again: version 1" in caplog.text)
        assert labelled(server, "stable") == pytest.approx(0.5)


def test_warm_up_requests_are_played(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    write_warmup(str(folder / "1"), [predict_request({"image": IMAGE})] * 2)
    with Server({"m": folder}):
        assert "loaded model m version 1, 2 warm-up requests" in caplog.text


def test_a_failing_warm_up_fails_the_version(running: Server, folder: Path, versions: dict[float, Path]) -> None:
    shutil.copytree(versions[0.25], folder / "tmp")
    write_warmup(str(folder / "tmp"), [predict_request({"image": [b"x"]})])
    (folder / "tmp").rename(folder / "2")
    wait_for(lambda: states(running).get(2) == (State.END, grpc.StatusCode.INVALID_ARGUMENT.value[0]))
    assert gain(running) == pytest.approx(0.5)


def test_versions_that_went_leave_nothing_in_memory(folder: Path, versions: dict[float, Path]) -> None:
    """Whole ones and damaged ones, without Python's own collector, which comes when it likes."""

    def graphs() -> int:
        return sum(type(each) is tf.Graph for each in gc.get_objects())

    with Server({"m": folder}, poll_s=POLL_S) as server:
        gc.collect()
        before = graphs()
        gc.disable()
        try:
            for version in range(2, 8):
                shutil.copytree(versions[0.25], folder / "tmp")
                if version % 2:
                    (folder / "tmp" / DAMAGED[0]).write_bytes(b"\xff" * 64)
                (folder / "tmp").rename(folder / str(version))
                wait_for(lambda version=version: states(server).get(version, (0, 0))[0] in (State.AVAILABLE, State.END))
                assert gain(server) == pytest.approx(0.25)
            wait_for(lambda: graphs() <= before)
        finally:
            gc.enable()


@pytest.mark.parametrize("name", [b"a [1] *?", b"back\\slash", "ä ö".encode(), b"\xff\xfe"])
def test_any_name_of_a_folder_will_do(versions: dict[float, Path], tmp_path: Path, name: bytes) -> None:
    """Brackets are patterns to TensorFlow, and bytes that are no UTF-8 it refuses."""
    folder = tmp_path / os.fsdecode(name)
    shutil.copytree(versions[0.5], folder / "1")
    with Server({"m": folder}, poll_s=POLL_S) as server:
        assert gain(server) == pytest.approx(0.5)
        shutil.copytree(versions[0.25], folder / "tmp")
        (folder / "tmp").rename(folder / "2")
        wait_for(lambda: states(server).get(2) == (State.AVAILABLE, 0))
        assert gain(server) == pytest.approx(0.25)


def test_only_numbered_folders_are_versions(tmp_path: Path) -> None:
    for name in ("1", "20", ".3.partial", "-4", "x5"):
        (tmp_path / name).mkdir()
    assert versions_on_disk(str(tmp_path)) == {1: f"{tmp_path}/1", 20: f"{tmp_path}/20"}
    assert versions_on_disk(str(tmp_path / "nowhere")) == {}
