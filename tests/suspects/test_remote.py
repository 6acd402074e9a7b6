"""Endpoints that answer well, badly, late or not at all."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf

from serving.server import Server
from serving.tls import ServerTls
from tests.serving.fake_service import FakeService, running, unreadable
from tests.tls import self_signed
from tests.toy_classifier import samples_of, toy_classifier
from tfwm.exporting import export
from tfwm.suspects import BATCH, SwitchedVersionError, UnreachableError, open_suspect
from tfwm.suspects.remote import EndpointError, GrpcSuspect


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def suspect(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[GrpcSuspect]:
    monkeypatch.setattr("serving.client.FIRST_PAUSE_S", 0.01)
    with running(service) as address:
        yield GrpcSuspect(address, "m", timeout_s=5.0)


def _pictures(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).random((count, 8, 6, 3), np.float32)


def test_a_good_answer(suspect: GrpcSuspect, service: FakeService) -> None:
    service.answer = lambda images, call: {"image": 1 - images}
    np.testing.assert_array_equal(suspect(_pictures()), 1 - _pictures())
    assert suspect.versions == {1}


def test_many_pictures_go_in_several_requests(suspect: GrpcSuspect, service: FakeService, monkeypatch) -> None:
    monkeypatch.setattr("tfwm.suspects.local.PIXELS", BATCH * 8 * 6)
    np.testing.assert_array_equal(suspect(_pictures(BATCH + 3)), _pictures(BATCH + 3))
    assert service.sizes == [BATCH, 3]


def test_a_thousand_small_pictures_go_in_one_request(suspect: GrpcSuspect, service: FakeService) -> None:
    small = np.random.default_rng(0).random((1000, 40, 40, 1), np.float32)
    np.testing.assert_array_equal(suspect(small), small)
    assert service.sizes == [1000]


def test_messages_above_4_mib(suspect: GrpcSuspect) -> None:
    large = np.random.default_rng(0).random((1, 640, 640, 3), np.float32)
    np.testing.assert_array_equal(suspect(large), large)


def test_a_single_output_may_have_any_name(suspect: GrpcSuspect, service: FakeService) -> None:
    service.answer = lambda images, call: {"output_0": images}
    np.testing.assert_array_equal(suspect(_pictures()), _pictures())


def _scores(images: np.ndarray) -> np.ndarray:
    """Two classes: how bright the picture is, and how dark."""
    bright = images.mean(axis=(1, 2, 3))
    return np.stack([bright, 1 - bright], axis=1) * 4 - 2


@pytest.mark.parametrize("name", ["scores", "dense_1"])
def test_class_scores_are_an_answer(suspect: GrpcSuspect, service: FakeService, name: str, monkeypatch) -> None:
    monkeypatch.setattr("tfwm.suspects.local.PIXELS", BATCH * 8 * 6)
    service.answer = lambda images, call: {name: _scores(images)}
    found = suspect(_pictures(BATCH + 3))
    np.testing.assert_allclose(found, _scores(_pictures(BATCH + 3)), atol=1e-6)
    assert found.shape == (BATCH + 3, 2)
    assert service.sizes == [BATCH, 3]


def test_scores_are_found_beside_other_outputs(suspect: GrpcSuspect, service: FakeService) -> None:
    service.answer = lambda images, call: {"labels": np.argmax(_scores(images), 1), "scores": _scores(images)}
    np.testing.assert_allclose(suspect(_pictures()), _scores(_pictures()), atol=1e-6)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda images: {"image": images[:1]}, r"must answer 3 float images, got float32 \[1, 8, 6, 3\]"),
        (lambda images: {"image": images.mean(axis=(1, 2))}, r"must answer 3 float images, got float32 \[3, 3\]"),
        (lambda images: {"image": np.float32(0.5)}, r"must answer 3 float images, got float32 \[\]"),
        (lambda images: {"image": (images * 255).astype(np.uint8)}, "must answer 3 float images, got uint8"),
        (lambda images: {"image": np.where(images > 0.5, np.nan, images)}, "values that are not finite"),
        (lambda images: {"image": images + np.inf}, "values that are not finite"),
        (lambda images: {}, r"must answer with the tensor `image`, got \[\]"),
        (lambda images: {"a": images, "b": images}, r"must answer with the tensor `image`, got \['a', 'b'\]"),
        (lambda images: {"image": unreadable()}, "a tensor that cannot be read"),
        (lambda images: {"scores": images}, r"must answer 3 rows of float class scores, got float32 \[3, 8, 6, 3\]"),
        (lambda images: {"scores": _scores(images)[:2]}, r"must answer 3 rows of float class scores, got .*\[2, 2\]"),
        (lambda images: {"scores": _scores(images).astype(int)}, "must answer 3 rows of float class scores, got int64"),
        (lambda images: {"scores": _scores(images) * np.inf}, "values that are not finite"),
        (lambda images: {"labels": _scores(images)[:, 0]}, r"3 float images or rows of .* scores, got float32 \[3\]"),
        (lambda images: {"a": _scores(images), "b": images}, "A classifier answers with `scores`"),
    ],
)
def test_answers_that_are_none(suspect: GrpcSuspect, service: FakeService, answer, message: str) -> None:
    service.answer = lambda images, call: answer(images)
    with pytest.raises(EndpointError, match=message):
        suspect(_pictures())
    assert service.calls == 1


def test_unavailable_twice_then_well(suspect: GrpcSuspect, service: FakeService) -> None:
    service.failures = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED]
    np.testing.assert_array_equal(suspect(_pictures()), _pictures())
    assert service.calls == 3


def test_unavailable_for_good(suspect: GrpcSuspect, service: FakeService) -> None:
    service.failures = [grpc.StatusCode.UNAVAILABLE] * 9
    with pytest.raises(UnreachableError, match=r"did not answer: UNAVAILABLE: not now. Check the address"):
        suspect(_pictures())
    assert service.calls == 4


def test_a_refusal_is_not_repeated(suspect: GrpcSuspect, service: FakeService) -> None:
    service.failures = [grpc.StatusCode.NOT_FOUND]
    with pytest.raises(
        UnreachableError, match=r"`grpc://.*/m` answered with an error: NOT_FOUND: not now. Check the mod"
    ):
        suspect(_pictures())
    assert service.calls == 1


@pytest.mark.parametrize("code", ["INVALID_ARGUMENT", "INTERNAL", "UNAUTHENTICATED", "UNIMPLEMENTED"])
def test_an_answer_with_an_error_is_not_silence(suspect: GrpcSuspect, service: FakeService, code: str) -> None:
    """This service does not tell what it takes either, and so its first words stand."""
    service.failures = [grpc.StatusCode[code]]
    with pytest.raises(UnreachableError, match=rf"answered with an error: {code}: not now\.") as caught:
        suspect(_pictures())
    assert "server is up" not in str(caught.value)
    assert service.calls == 1


def test_a_deadline_is_kept(suspect: GrpcSuspect, service: FakeService) -> None:
    service.delay_s = 3.0
    hasty = GrpcSuspect(suspect.address, "m", timeout_s=0.3)
    start = time.perf_counter()
    with pytest.raises(UnreachableError, match="DEADLINE_EXCEEDED"):
        hasty(_pictures())
    assert time.perf_counter() - start < 2.5


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.client.FIRST_PAUSE_S", 0.01)
    with pytest.raises(UnreachableError, match=r"`grpc://127.0.0.1:1/m` did not answer: UNAVAILABLE"):
        GrpcSuspect("127.0.0.1:1", "m", timeout_s=5.0)(_pictures())


def test_a_version_that_changes_in_between_is_no_evidence(suspect, service: FakeService, monkeypatch) -> None:
    monkeypatch.setattr("tfwm.suspects.local.PIXELS", BATCH * 8 * 6)
    service.version = lambda call: 3 + call
    with pytest.raises(
        SwitchedVersionError, match=r"answered as versions \[4, 5\] within one .* Open it anew"
    ) as caught:
        suspect(_pictures(9 * BATCH))
    assert caught.value.versions == (4, 5)
    assert service.calls == 2  # nothing more is asked, and so given away, for nothing


def test_a_version_that_changes_between_two_questions_is_no_evidence_either(suspect, service: FakeService) -> None:
    service.version = lambda call: 7
    suspect(_pictures())
    suspect(_pictures())
    service.version = lambda call: 8
    with pytest.raises(SwitchedVersionError, match=r"versions \[7, 8\]"):
        suspect(_pictures())
    # A verification of the new version opens the suspect anew.
    again = GrpcSuspect(suspect.address, "m")
    again(_pictures())
    assert again.versions == {8}


def test_neither_pictures_nor_channels_show_in_repr(suspect: GrpcSuspect) -> None:
    suspect(_pictures())
    assert repr(suspect).startswith("GrpcSuspect(address=")
    assert "channel" not in repr(suspect)


def test_a_token_never_leaves_this_machine_in_clear(suspect: GrpcSuspect, service: FakeService) -> None:
    for address in ("host.invalid:1", "10.0.0.1:8500", "[2001:db8::1]:1"):
        with pytest.raises(ValueError, match="holds a token, and .* another machine without TLS") as caught:
            GrpcSuspect(address, "m").predict({"image": _pictures(), "token": b"secret words"}, "extract")
        assert "secret words" not in str(caught.value)
    suspect.predict({"image": _pictures(), "token": b"secret words"}, "extract")
    assert service.calls == 1


@pytest.mark.parametrize("missing", ["grpc", "tensorflow_serving"])
def test_a_missing_package_is_one_line(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, "tfwm.suspects.remote")
    with pytest.raises(ImportError, match=r"a grpc:// suspect needs `\w.*`. Install it: pip install tfwm\[serving\]$"):
        open_suspect("grpc://host:1/m")


def test_the_embedded_server(tmp_path: Path) -> None:
    module = tf.Module()
    module.factor = tf.Variable(0.5)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name="image")])
    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": image * module.factor}

    tf.saved_model.save(module, str(tmp_path / "m" / "4"), signatures={"serving_default": serve})
    with Server({"m": tmp_path / "m"}) as server:
        suspect = GrpcSuspect(server.address, "m")
        np.testing.assert_allclose(suspect(_pictures()), 0.5 * _pictures(), atol=1e-7)
        assert suspect.versions == {4}
        with pytest.raises(UnreachableError, match="NOT_FOUND"):
            GrpcSuspect(server.address, "other")(_pictures())


def test_the_embedded_server_of_a_classifier(tmp_path: Path) -> None:
    model = toy_classifier()
    export(model, tmp_path / "m" / "1", public=True)
    pictures = samples_of(7)
    with Server({"m": tmp_path / "m"}) as server:
        found = GrpcSuspect(server.address, "m")(pictures)
    np.testing.assert_allclose(found, model(pictures / np.float32(255.0)), atol=1e-5)


def test_an_authority_of_ones_own(tmp_path: Path) -> None:
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name="image")])
    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": image + 1.0}

    tf.saved_model.save(module, str(tmp_path / "m" / "1"), signatures={"serving_default": serve})
    certificate, key = self_signed(tmp_path)
    with Server({"m": tmp_path / "m"}, tls=ServerTls(certificate, key)) as server:
        trusting = GrpcSuspect(server.address, "m", secure=True, tls_ca=certificate)
        np.testing.assert_allclose(trusting(_pictures()), _pictures() + 1.0)
        with pytest.raises(UnreachableError, match="did not answer: UNAVAILABLE"):
            GrpcSuspect(server.address, "m", secure=True, attempts=1, timeout_s=5.0)(_pictures())
    for path in (key, str(tmp_path / "gone.pem")):
        with pytest.raises(ValueError, match=r"`tls_ca` must be a PEM file with a certificate, got"):
            GrpcSuspect("127.0.0.1:1", "m", secure=True, tls_ca=path)(_pictures())
