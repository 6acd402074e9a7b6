"""Versions that are warm when they take over: their requests lie beside them, where TensorFlow Serving looks too."""

from __future__ import annotations

from collections.abc import Iterable

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving.config import WARMUP_FILE
from serving.predict import run_predict
from serving.servables import Servable
from serving.status import LOGGER

WARMUP_LIMIT = 1000


def load_warm(name: str, version: int, path: str) -> Servable:
    """Loads a version and plays its warm-up requests; one that fails makes the version fail, as in the real server.

    Args:
      name: the model's name.
      version: its version number.
      path: the SavedModel's folder.

    Raises:
      Exception: whatever a damaged SavedModel or a failing request raises; nothing stays loaded then.
    """
    servable = Servable(name, version, path)
    try:
        count = warm_up(servable, path)
    except Exception:
        servable.close()
        raise
    LOGGER.info("loaded model %s version %d, %d warm-up requests", name, version, count)
    return servable


def warm_up(servable: Servable, path: str) -> int:
    """Plays the requests in `assets.extra/tf_serving_warmup_requests`, so that the first client waits no longer.

    Args:
      servable: the version that answers them.
      path: its SavedModel's folder.

    Returns:
      How many were played; records that are not Predict requests are skipped.

    Raises:
      ValueError: more than `WARMUP_LIMIT` requests.
      StatusError: a request fails.
    """
    file = f"{path.rstrip('/')}/{WARMUP_FILE}"
    if not tf.io.gfile.exists(file):
        return 0
    records = tf.data.TFRecordDataset([file]).as_numpy_iterator()
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    requests = [log.predict_log.request for log in logs if log.HasField("predict_log")]
    if len(requests) > WARMUP_LIMIT:
        raise ValueError(f"`{file}` holds more than {WARMUP_LIMIT} requests. Keep a few that cover every signature.")
    for request in requests:
        run_predict(servable, request)
    return len(requests)


def write_warmup(path: str, requests: Iterable[predict_pb2.PredictRequest]) -> str:
    """Writes warm-up requests into a SavedModel's folder, where both servers look for them.

    Args:
      path: the SavedModel's folder.
      requests: what to play, without a model's name; never put a real token among them.

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
