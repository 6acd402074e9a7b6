"""The client: answers, clear errors, TLS, and a token that stays off the open network."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf

from serving import client
from serving.client import Client, RefusedCallError, UnreachableEndpointError, UnreadableAnswerError, predict
from serving.hosts import is_loopback
from serving.server import Server
from serving.tls import ClientTls, ServerTls
from tests.serving.brightener import TOKEN, images
from tests.serving.fake_service import FakeService, running, unreadable
from tests.tls import self_signed

IMAGE = images(1, 4, 4, 3)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Files of a self-signed certificate for 127.0.0.1 and its key."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def patient(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of the fake service that tries three times."""
    monkeypatch.setattr(client, "FIRST_PAUSE_S", 0.01)
    with running(service) as address, Client(address, "m", attempts=3, timeout_s=5.0) as made:
        yield made


def test_a_client_keeps_its_channel_and_says_which_version_answered(patient: Client, service: FakeService) -> None:
    service.version = lambda call: 10 + call
    found = [patient.predict({"image": IMAGE}) for _ in range(2)]
    assert [prediction.version for prediction in found] == [11, 12]
    np.testing.assert_array_equal(found[1].outputs["image"], IMAGE)


def test_an_endpoint_that_is_away_or_overloaded_is_asked_again(patient: Client, service: FakeService) -> None:
    service.failures = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED]
    assert patient.predict({"image": IMAGE}).version == 1
    assert service.calls == 3


def test_the_last_attempt_says_why(patient: Client, service: FakeService) -> None:
    service.failures = [grpc.StatusCode.UNAVAILABLE] * 9
    with pytest.raises(UnreachableEndpointError, match=r"nobody serves at .* \(not now\)") as caught:
        patient.predict({"image": IMAGE})
    assert (caught.value.code, caught.value.details) == (grpc.StatusCode.UNAVAILABLE, "not now")
    assert service.calls == 3


@pytest.mark.parametrize("code", ["NOT_FOUND", "INVALID_ARGUMENT", "UNAUTHENTICATED", "INTERNAL"])
def test_an_error_that_a_repeat_does_not_mend_is_not_repeated(patient: Client, service: FakeService, code: str) -> None:
    service.failures = [grpc.StatusCode[code]]
    with pytest.raises(RefusedCallError, match=f"model `m` at .* answered {code}: not now"):
        patient.predict({"image": IMAGE})
    assert service.calls == 1


def test_predict_asks_once(patient: Client, service: FakeService) -> None:
    service.failures = [grpc.StatusCode.UNAVAILABLE]
    with pytest.raises(ConnectionError, match="nobody serves at"):
        predict(patient.address, "m", {"image": IMAGE})
    assert service.calls == 1


def test_an_answer_that_is_no_tensor_is_said(patient: Client, service: FakeService) -> None:
    service.answer = lambda images, call: {"image": unreadable()}
    with pytest.raises(UnreadableAnswerError, match="cannot be read: tensor parsing error: image"):
        patient.predict({"image": IMAGE})


def test_no_attempt_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="`attempts` must be at least 1, got 0"):
        Client("127.0.0.1:1", "m", attempts=0)


def test_predict_returns_arrays(server: Server) -> None:
    answer = predict(server.address, "m", {"image": IMAGE}, version=3)
    np.testing.assert_allclose(answer["image"], IMAGE * 0.5, rtol=1e-6)


def test_an_unreachable_endpoint_is_said() -> None:
    with pytest.raises(ConnectionError, match=r"nobody serves at 127.0.0.1:1 .*Check host and port"):
        predict("127.0.0.1:1", "m", {"image": IMAGE}, timeout_s=5)


def test_a_late_answer_is_said(server: Server) -> None:
    with pytest.raises(ConnectionError, match=r"did not answer within 0.001 s. Raise `timeout_s`"):
        predict(server.address, "m", {"image": images(8, 512, 512, 3)}, timeout_s=0.001)


def test_a_refusal_has_the_servers_words(server: Server) -> None:
    with pytest.raises(
        RuntimeError, match=r"model `q` at .* answered NOT_FOUND: Servable not found for request: Latest"
    ):
        predict(server.address, "q", {"image": IMAGE})


def test_a_token_does_not_leave_the_machine_in_clear() -> None:
    with pytest.raises(ValueError, match=r"`inputs` holds a token, and serving.example:8500 is another machine"):
        predict("serving.example:8500", "m", {"image": IMAGE, "token": TOKEN}, "extract")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("[::1]", True), ("localhost", True)]
    + [("0.0.0.0", False), ("[::]", False), ("10.0.0.1", False), ("localhost.example", False), ("", False)],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_tls_on_both_ports(versions: dict[float, Path], certificate: tuple[str, str]) -> None:
    cert, key = certificate
    with Server({"m": versions[0.5]}, host="127.0.0.1", rest_port=0, tls=ServerTls(cert, key)) as server:
        inputs = {"image": IMAGE, "token": TOKEN}
        answer = predict(server.address, "m", inputs, "extract", tls=ClientTls(cert))
        assert answer["code"].astype(np.uint8).tobytes() == TOKEN
        with pytest.raises(ConnectionError, match="whether it wants TLS"):
            predict(server.address, "m", {"image": IMAGE}, timeout_s=5)
        trusting = ssl.create_default_context(cafile=cert)
        url = f"https://{server.rest_address}/v1/models/m"
        with urllib.request.urlopen(url, context=trusting, timeout=10) as response:
            assert json.load(response)["model_version_status"][0]["state"] == "AVAILABLE"


def test_only_known_clients_are_let_in(versions: dict[float, Path], certificate: tuple[str, str]) -> None:
    cert, key = certificate
    with Server({"m": versions[0.5]}, tls=ServerTls(cert, key, client_ca=cert)) as server:
        assert "image" in predict(server.address, "m", {"image": IMAGE}, tls=ClientTls(cert, cert, key))
        with pytest.raises(ConnectionError, match="nobody serves at"):
            predict(server.address, "m", {"image": IMAGE}, timeout_s=5, tls=ClientTls(cert))


def test_files_that_are_not_pem_are_said(
    versions: dict[float, Path], tmp_path: Path, certificate: tuple[str, str]
) -> None:
    (tmp_path / "x").write_text("secret words")
    with pytest.raises(ValueError, match=r"`--tls-key` must be a PEM file, but .*x` has no BEGIN line") as caught:
        Server({"m": versions[0.5]}, tls=ServerTls(str(tmp_path / "x"), str(tmp_path / "x")))
    assert "secret words" not in str(caught.value)
    cert, key = certificate
    with pytest.raises(ValueError, match=r"`--tls-cert` .* and `--tls-key` .* do not work together"):
        ServerTls(cert, cert).grpc_credentials()
    with pytest.raises(ValueError, match=r"`tls`: cannot read .*: No such file"):
        predict("127.0.0.1:1", "m", {"image": IMAGE}, tls=ClientTls(str(tmp_path / "none")))
    with pytest.raises(ValueError, match=r"`tls` must name an authority's certificate, but .*key.pem` holds none"):
        predict("127.0.0.1:1", "m", {"image": IMAGE}, tls=ClientTls(key))


def test_the_command_sends_a_file_and_writes_the_answer(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "photo.png", tmp_path / "out.png"
    source.write_bytes(tf.io.encode_png(np.full((4, 6, 3), 200, np.uint8)).numpy())
    common = [str(source), str(target), "--model", "m", "--address"]
    assert client.main([*common, server.address]) == 0
    np.testing.assert_array_equal(tf.io.decode_png(target.read_bytes()).numpy(), np.full((4, 6, 3), 100, np.uint8))
    assert client.main([*common, "127.0.0.1:1", "--timeout-s", "5"]) == 4
    assert client.main([*common, server.address, "--version", "9"]) == 1
    assert client.main([str(tmp_path / "none.png"), str(target), "--model", "m"]) == 2
    errors = capsys.readouterr().err.splitlines()
    expected = ["nobody serves at 127.0.0.1:1", "answered NOT_FOUND", "No such file or directory"]
    assert [text in line for text, line in zip(expected, errors, strict=True)] == [True] * 3


@pytest.mark.parametrize("variable", ["grpc_proxy", "https_proxy", "http_proxy"])
def test_this_machine_is_never_asked_through_a_proxy(
    server: Server, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A proxy elsewhere would look for the server on itself; nobody listens on this one's port."""
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("no_grpc_proxy", raising=False)
    port = server.address.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost"):
        answer = predict(f"{host}:{port}", "m", {"image": IMAGE}, timeout_s=5)
        np.testing.assert_allclose(answer["image"], IMAGE * 0.5, rtol=1e-6)


def test_other_machines_are_asked_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that counts who connects."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(10)
        monkeypatch.setenv("grpc_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(predict, "models.invalid:8500", "m", {"image": IMAGE}, timeout_s=2)
            connection, _ = proxy.accept()
            assert connection.recv(100).startswith(b"CONNECT models.invalid:8500 HTTP/1.1")
            connection.close()
            assert isinstance(asked.exception(), ConnectionError)
