"""Warm-up requests beside a SavedModel, in the file where TensorFlow Serving looks for them too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving import predict

if TYPE_CHECKING:
    from serving.servables import Servable

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
WARMUP_LIMIT = 1000


def warm_up(servable: Servable, path: str) -> int:
    """Plays the requests in `assets.extra/tf_serving_warmup_requests`, so that the first client waits no longer.

    Returns:
      How many were played; records that are not Predict requests are skipped.
    """
    file = f"{path.rstrip('/')}/{WARMUP_FILE}"
    if not tf.io.gfile.exists(file):
        return 0
    requests = _predict_requests(file)
    if len(requests) > WARMUP_LIMIT:
        raise ValueError(f"`{file}` holds more than {WARMUP_LIMIT} requests. Keep a few that cover every signature.")
    for request in requests:
        predict.run_predict(servable, request)
    return len(requests)


def _predict_requests(file: str) -> list[predict_pb2.PredictRequest]:
    requests = []
    for record in tf.data.TFRecordDataset([str(file)]).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        if log.HasField("predict_log"):
            requests.append(log.predict_log.request)
    return requests


def write_warmup(path: str, requests: list[predict_pb2.PredictRequest]) -> str:
    """Writes warm-up requests into a SavedModel's folder, where both servers look for them.

    Args:
      path: the SavedModel's folder.
      requests: what to play; never put a real token among them.

    Returns:
      The file's name.
    """
    file = f"{path.rstrip('/')}/{WARMUP_FILE}"
    tf.io.gfile.makedirs(file.rpartition("/")[0])
    with tf.io.TFRecordWriter(file) as writer:
        for request in requests:
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())
    return file
