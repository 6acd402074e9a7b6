"""The server as a whole: answers, sizes, many clients, ports, stopping, TLS, and what it keeps to itself."""

from __future__ import annotations

import base64
import functools
import json
import logging
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving import servables, status, tensors
from serving.client import open_channel, predict
from serving.server import Server
from tests.serving.brightener import TOKEN, error_of, images, predict_request


def test_float_signature_answers_with_name_and_version(stub: Any) -> None:
    image = images(2, 5, 7, 3)
    response = stub.Predict(predict_request({"image": image}))
    np.testing.assert_allclose(tensors.to_array(response.outputs["image"], "image"), image * 0.5, rtol=1e-6)
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("m", 3, "serving_default")


def test_bytes_signature(stub: Any) -> None:
    png = tf.io.encode_png(np.full((4, 6, 3), 200, np.uint8)).numpy()
    response = stub.Predict(predict_request({"image_bytes": [png, png]}, signature="serving_bytes"))
    files = tensors.to_array(response.outputs["image_bytes"], "image_bytes")
    assert files.shape == (2,)
    np.testing.assert_array_equal(tf.io.decode_png(files[1]).numpy(), np.full((4, 6, 3), 100, np.uint8))


def test_token_arrives_whole_even_with_zero_bytes_at_its_ends(stub: Any) -> None:
    request = predict_request({"image": images(1, 4, 4, 3), "token": TOKEN}, signature="extract")
    response = stub.Predict(request)
    assert tensors.to_array(response.outputs["code"], "code").astype(np.uint8).tobytes() == TOKEN


def test_output_filter_leaves_the_rest_out(stub: Any) -> None:
    request = predict_request({"image": images(1, 4, 4, 3), "token": TOKEN}, signature="extract")
    request.output_filter.append("logo")
    assert list(stub.Predict(request).outputs) == ["logo"]


def test_messages_larger_than_four_mebibytes(stub: Any) -> None:
    image = images(1, 700, 700, 3)
    assert image.nbytes > 4 * 2**20
    response = stub.Predict(predict_request({"image": image}))
    np.testing.assert_allclose(tensors.to_array(response.outputs["image"], "image"), image * 0.5, rtol=1e-6)


def test_concurrent_requests_get_their_own_answers(stub: Any) -> None:
    def one(seed: int) -> bool:
        image = images(1, 16 + seed % 5, 16, 3, seed=seed)
        response = stub.Predict(predict_request({"image": image}))
        return np.allclose(tensors.to_array(response.outputs["image"], "image"), image * 0.5)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(64)))


def test_port_zero_gives_two_servers_two_ports(server: Server, versions: dict[float, Path]) -> None:
    with Server({"bare": versions[0.25]}) as other:
        assert other.address.startswith("127.0.0.1:")
        assert 0 < other.port != server.port
        answer = predict(other.address, "bare", {"image": images(1, 2, 2, 3)})
        np.testing.assert_allclose(answer["image"], images(1, 2, 2, 3) * 0.25, rtol=1e-6)


def test_a_taken_port_is_said(server: Server, versions: dict[float, Path]) -> None:
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{server.port}: is the port taken"):
        Server({"m": versions[0.5]}, port=server.port).start()


def test_a_taken_rest_port_is_said(server: Server, versions: dict[float, Path]) -> None:
    with pytest.raises(OSError, match="Choose another REST port"):
        Server({"m": versions[0.5]}, rest_port=server.rest_port).start()


def test_a_model_without_versions_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"model `m` has no version that loads under .*no numbered folder there"):
        Server({"m": tmp_path}).start()


def test_beyond_loopback_only_with_tls(versions: dict[float, Path]) -> None:
    with pytest.raises(ValueError, match="an owner's token would cross the network in clear"):
        Server({"m": versions[0.5]}, host="0.0.0.0")
    Server({"m": versions[0.5]}, host="0.0.0.0", allow_plaintext=True)


def test_unfit_numbers_are_said(versions: dict[float, Path]) -> None:
    with pytest.raises(ValueError, match="`poll_s` must be above 0"):
        Server({"m": versions[0.5]}, poll_s=0)


def test_closing_lets_running_requests_end(versions: dict[float, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    both_running = threading.Barrier(3, timeout=10)
    run = servables.Servable.run

    def slow(*arguments: Any) -> Any:
        both_running.wait()
        time.sleep(0.3)
        return run(*arguments)

    monkeypatch.setattr(servables.Servable, "run", slow)
    server = Server({"m": versions[0.5]}, rest_port=0).start()
    body = b'{"instances": [[[[1, 1, 1]]]]}'
    url = f"http://{server.rest_address}/v1/models/m:predict"
    with ThreadPoolExecutor(2) as pool:
        over_grpc = pool.submit(predict, server.address, "m", {"image": images(1, 2, 2, 3)})
        over_rest = pool.submit(lambda: urllib.request.urlopen(url, body, timeout=10).read())
        both_running.wait()
        server.close()
        np.testing.assert_allclose(over_grpc.result()["image"], images(1, 2, 2, 3) * 0.5, rtol=1e-6)
        assert json.loads(over_rest.result()) == {"predictions": [[[[0.5, 0.5, 0.5]]]]}
    with pytest.raises(ConnectionError, match="nobody serves at"):
        predict(server.address, "m", {"image": images(1, 2, 2, 3)}, timeout_s=5)


class Counter(tf.Module):
    """Counts to `n`, for ever if need be."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.int64, name="n")])
    def count(self, n: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"n": tf.while_loop(lambda i: i < n, lambda i: (i + 1,), [tf.constant(0, tf.int64)])[0]}


def test_a_deadline_stops_the_run(tmp_path: Path) -> None:
    tf.saved_model.save(module := Counter(), str(tmp_path), signatures={"serving_default": module.count})
    with Server({"counter": tmp_path}, workers=1) as running, open_channel(running.address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        endless = predict_request({"n": np.int64(2**62)}, model="counter")
        assert error_of(lambda: stub.Predict(endless, timeout=0.3))[0] is grpc.StatusCode.DEADLINE_EXCEEDED
        # The only worker is free again.
        response = stub.Predict(predict_request({"n": np.int64(5)}, model="counter"), timeout=10)
        assert tensors.to_array(response.outputs["n"], "n") == 5


def _raised(error: Exception) -> Exception:
    try:
        raise error
    except ValueError as caught:
        return caught


def test_no_token_in_the_logs(stub: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    good = predict_request({"image": images(1, 4, 4, 3), "token": TOKEN}, signature="extract")
    stub.Predict(good)
    stub_errors = [
        predict_request({"image": images(4, 4, 3), "token": TOKEN}, signature="extract"),
        predict_request({"image_bytes": [TOKEN]}, signature="serving_bytes"),
        predict_request({"image": images(1, 4, 4, 3), "token": TOKEN[:5]}, signature="extract"),
    ]
    for request in stub_errors:
        error_of(functools.partial(stub.Predict, request))
    status.from_exception(_raised(ValueError(TOKEN.decode("latin-1"))))
    captured = capfd.readouterr()
    text = caplog.text + captured.out + captured.err
    assert "Predict: OK" in caplog.text
    assert "a request failed with ValueError" in caplog.text
    forms = [
        TOKEN[1:-1].decode(),
        TOKEN.hex(),
        base64.b64encode(TOKEN).decode()[2:-4],
        repr(TOKEN)[6:-6],
        TOKEN[1:5].decode(),
    ]
    assert [form for form in forms if form in text] == []
