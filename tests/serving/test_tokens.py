"""False tokens are counted where the operator looks, and nowhere else."""

from __future__ import annotations

import logging
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from serving import tokens
from serving.client import Client, RefusedCallError
from serving.server import Server
from serving.tokens import TokenCheck, TokenCounts, as_metrics, first_words
from tfwm.sealing import Seal, SealedArrays

OWNER = bytes(range(60, 76))
FALSE = bytes(range(61, 77))


class Sealed(tf.Module):
    """A model whose `extract` gives a number to the owner and none to others."""

    def __init__(self) -> None:
        super().__init__()
        self.sealed = SealedArrays({"number": np.array([7], np.int32)}, OWNER)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="image")])
    def serve(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": image}

    @tf.function(input_signature=[tf.TensorSpec([], tf.string, name="token")], autograph=False)
    def extract(self, token: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"number": self.sealed.run(token, lambda found: found["number"][0], lambda: tf.constant(0))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, module = tmp_path_factory.mktemp("sealed"), Sealed()
    signatures = {"serving_default": module.serve, "extract": module.extract}
    tf.saved_model.save(module, str(path / "1"), signatures=signatures)
    return path


def test_the_words_are_the_ciphers() -> None:
    """Against another implementation, whose keys are of 256 bits."""
    key, nonce = bytes(range(7, 39)), bytes(range(12))
    words = np.frombuffer(b"expand 32-byte k" + key + bytes(4) + nonce, "<u4")
    stream = Cipher(algorithms.ChaCha20(key, bytes(4) + nonce), None).encryptor().update(bytes(16))
    assert np.array(first_words(words.tolist()), "<u4").tobytes() == stream


def test_a_check_knows_the_owners_token_and_no_other(folder: Path) -> None:
    check = TokenCheck.of(str(folder / "1"))
    assert check is not None
    assert check.is_right(OWNER)
    for wrong in (FALSE, b"", OWNER[:15], OWNER + b"\0", bytes(16)):
        assert not check.is_right(wrong)
    draw = np.random.default_rng(0)
    words = Seal(OWNER, nonce=bytes(12)).check_words.tolist()
    check = TokenCheck(tuple(words[:3]), tuple(words[3:]))
    assert check.is_right(OWNER)
    assert not any(check.is_right(draw.bytes(16)) for _ in range(300))


def test_a_model_without_a_seal_has_no_check(versions: dict[float, Path], tmp_path: Path) -> None:
    assert TokenCheck.of(str(versions[0.5])) is None
    assert TokenCheck.of(str(tmp_path)) is None


def test_the_server_counts_and_the_asker_sees_nothing_of_it(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Server({"m": folder}, rest_port=0, metrics=True) as server, Client(server.address, "m") as client:
        answers = [client.predict({"token": token}, "extract").outputs for token in (OWNER, FALSE, FALSE, OWNER, FALSE)]
        assert [int(answer["number"]) for answer in answers] == [7, 0, 0, 7, 0]
        assert all(set(answer) == {"number"} for answer in answers)
        with pytest.raises(RefusedCallError, match="must be 16 raw bytes"):
            client.predict({"token": b"short"}, "extract")
        client.predict({"image": np.zeros(3, np.float32)})
        assert server.tokens == {"m": (4, 6)}
        address = f"http://{server.rest_address}/monitoring/prometheus/metrics"
        with urllib.request.urlopen(address) as response:
            shown = response.read().decode()
    assert 'tfwm_extract_requests_total{model="m",token="false"} 4\n' in shown
    assert 'tfwm_extract_requests_total{model="m",token="right"} 2\n' in shown
    lines = [record.message for record in caplog.records if "false token" in record.message]
    # The first at once, the others when the server closes: the minute had not passed.
    assert lines == [
        "model m: 1 of 2 extract requests carried a false token (since the start: 1 of 2)",
        "model m: 3 of 4 extract requests carried a false token (since the start: 4 of 6)",
    ]
    for token in (OWNER, FALSE):
        assert token.hex() not in caplog.text
        assert repr(token)[2:-1] not in caplog.text
    assert server.tokens == {}


def test_metrics_are_for_those_who_ask_for_them(folder: Path) -> None:
    with pytest.raises(ValueError, match="`metrics` are shown on the REST port, got no `rest_port`"):
        Server({"m": folder}, metrics=True)
    with Server({"m": folder}, rest_port=0) as server:
        address = f"http://{server.rest_address}/monitoring/prometheus/metrics"
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(address)


def test_the_count_survives_a_new_version(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "1", tmp_path / "1")
    with Server({"m": tmp_path}, poll_s=0.05) as server, Client(server.address, "m", attempts=3) as client:
        client.predict({"token": FALSE}, "extract")
        shutil.copytree(folder / "1", tmp_path / ".2")
        (tmp_path / ".2").rename(tmp_path / "2")
        deadline = time.monotonic() + 30
        while client.predict({"token": OWNER}, "extract").version != 2:
            assert time.monotonic() < deadline
        assert server.tokens["m"][0] == 1


def test_a_line_a_minute_at_most(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now[0])
    counts = TokenCounts("m", log_every_s=60.0)
    for second in range(150):
        now[0] = 1000.0 + second
        counts.add(is_right=second % 2 == 0)
    counts.report()
    assert [record.args[1:3] for record in caplog.records] == [(1, 2), (30, 60), (30, 60)]
    counts.report(at_last=True)
    assert caplog.records[-1].args[3:] == (75, 150)


def test_right_tokens_alone_write_nothing(caplog: pytest.LogCaptureFixture) -> None:
    counts = TokenCounts("m")
    for _ in range(5):
        counts.add(is_right=True)
    counts.report(at_last=True)
    assert (counts.false, counts.total, caplog.records) == (0, 5, [])


def test_a_models_name_cannot_break_the_metrics() -> None:
    assert 'model="a\\"b\\\\c\\n",token="false"} 0' in as_metrics([('a"b\\c\n', TokenCounts("x"))])
