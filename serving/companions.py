"""Services beside the real ones: health, for Kubernetes and load balancers, and reflection, for grpcurl."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2

SERVICES = (
    prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"].full_name,
    model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name,
)
# The server as a whole, and the names under which TensorFlow Serving's own health service knows its two.
HEALTHY = ("", "PredictionService", "ModelService", *SERVICES)


def add_companions(server: grpc.Server) -> health.HealthServicer:
    """Adds both services; everything is healthy from the start, since a server listens once its models are loaded.

    Returns:
      The health service: `enter_graceful_shutdown` tells everybody who watches it that the server is about to stop.
    """
    servicer = health.HealthServicer()
    for name in HEALTHY:
        servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    health_name = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
    reflection.enable_server_reflection((*SERVICES, health_name, reflection.SERVICE_NAME), server)
    return servicer
