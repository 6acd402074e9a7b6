"""Health and reflection beside the real services: what Kubernetes asks, and what grpcurl needs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from serving.channels import open_channel
from serving.companions import HEALTHY
from serving.server import Server
from tests.serving.brightener import error_of

Health = health_pb2.HealthCheckResponse
PREDICTION = "tensorflow.serving.PredictionService"


@pytest.fixture
def channel(server: Server) -> Iterator[grpc.Channel]:
    with open_channel(server.address) as opened:
        yield opened


def test_what_listens_is_healthy(channel: grpc.Channel) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    assert PREDICTION in HEALTHY
    for name in HEALTHY:
        assert stub.Check(health_pb2.HealthCheckRequest(service=name)).status == Health.SERVING
    code, _ = error_of(lambda: stub.Check(health_pb2.HealthCheckRequest(service="nonsense")))
    assert code is grpc.StatusCode.NOT_FOUND


def test_whoever_watches_is_told_before_the_server_stops(versions: dict[float, Path]) -> None:
    server = Server({"m": versions[0.5]}, grace_s=2.0).start()
    with open_channel(server.address) as channel:
        states = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(states).status == Health.SERVING
        closing = threading.Thread(target=server.close)
        closing.start()
        assert next(states).status == Health.NOT_SERVING
        states.cancel()
        closing.join()


def test_the_services_describe_themselves(channel: grpc.Channel) -> None:
    """In the way of `grpcurl list`, `describe` and calls: names, methods, and every message that they need."""
    database = ProtoReflectionDescriptorDatabase(channel)
    services = set(database.get_services())
    assert {PREDICTION, "tensorflow.serving.ModelService", "grpc.health.v1.Health"} < services
    pool = descriptor_pool.DescriptorPool(database)
    methods = {method.name for method in pool.FindServiceByName(PREDICTION).methods}
    assert methods == {"Classify", "Regress", "Predict", "MultiInference", "GetModelMetadata"}
    predict = pool.FindServiceByName(PREDICTION).FindMethodByName("Predict")
    assert predict.input_type.fields_by_name["model_spec"].message_type.full_name == "tensorflow.serving.ModelSpec"
    assert pool.FindMessageTypeByName("tensorflow.TensorProto").fields_by_name["tensor_content"]
