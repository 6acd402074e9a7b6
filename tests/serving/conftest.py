"""Small SavedModels with the signatures of an exported one, and a server that serves them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.client import open_channel
from serving.server import Server
from tests.serving.brightener import save_model


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Path]:
    """SavedModel by gain; copy them, do not change them."""
    folder = tmp_path_factory.mktemp("saved_models")
    return {gain: save_model(folder / str(gain), gain) for gain in (0.5, 0.25)}


@pytest.fixture(scope="session")
def server(versions: dict[float, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the model `m`, version 3, that no test changes."""
    folder = tmp_path_factory.mktemp("m")
    shutil.copytree(versions[0.5], folder / "3")
    with Server({"m": folder}, rest_port=0) as running:
        yield running


@pytest.fixture(scope="session")
def stub(server: Server) -> Iterator[Any]:
    """PredictionService of `server`."""
    with open_channel(server.address) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="session")
def status_stub(server: Server) -> Iterator[Any]:
    """ModelService of `server`."""
    with open_channel(server.address) as channel:
        yield model_service_pb2_grpc.ModelServiceStub(channel)
