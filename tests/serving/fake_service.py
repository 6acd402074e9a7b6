"""An endpoint that answers as a test wants it: well, badly, late or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

Answer = Callable[[np.ndarray, int], dict[str, object]]


class FakeService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers with what a test sets: `answer(images, call)`, a version per call, status codes for the first calls."""

    def __init__(self) -> None:
        self.answer: Answer = lambda images, call: {"image": images}
        self.version: Callable[[int], int] = lambda call: 1
        self.failures: list[grpc.StatusCode] = []
        self.delay_s, self.calls, self.sizes = 0.0, 0, []

    def Predict(self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext):
        self.calls += 1
        time.sleep(self.delay_s)
        if self.failures:
            context.abort(self.failures.pop(0), "not now")
        images = tf.make_ndarray(request.inputs["image"])
        self.sizes.append(len(images))
        response = predict_pb2.PredictResponse()
        response.model_spec.version.value = self.version(self.calls)
        for name, value in self.answer(images, self.calls).items():
            tensor = value if isinstance(value, TensorProto) else tf.make_tensor_proto(value)
            response.outputs[name].CopyFrom(tensor)
        return response


@contextmanager
def running(service: FakeService) -> Iterator[str]:
    """The address at which the service answers."""
    server = grpc.server(futures.ThreadPoolExecutor(2), options=[("grpc.max_receive_message_length", -1)])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


def unreadable() -> TensorProto:
    """A tensor with less content than its shape promises."""
    tensor = tf.make_tensor_proto(np.zeros((3, 8, 6, 3), np.float32))
    tensor.tensor_content = tensor.tensor_content[:100]
    return tensor
