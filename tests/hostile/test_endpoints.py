"""The client before endpoints that fail in every way: bounded attempts, pauses that differ, and a budget that holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto

from serving.client import Client, RefusedCallError, UnreachableEndpointError, UnreadableAnswerError
from tests.hostile import endpoints
from tests.serving.fake_service import FakeService, running

IMAGE = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
BUDGET_S = 0.6


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def address(service: FakeService) -> Iterator[str]:
    with running(service) as address:
        yield address


def _seconds(client: Client, budget_s: float = BUDGET_S) -> float:
    start = time.monotonic()
    with pytest.raises(UnreachableEndpointError, match=r"did not answer within|nobody serves at"):
        client.predict({"image": IMAGE}, budget_s=budget_s)
    return time.monotonic() - start


@pytest.mark.parametrize("handler", [endpoints.silent, endpoints.web_page, endpoints.babbling])
def test_who_speaks_no_grpc_costs_no_more_than_the_budget(handler: endpoints.Handler) -> None:
    with endpoints.listening(handler) as address, Client(address, "m", attempts=99) as client:
        assert _seconds(client) < 1.1 * BUDGET_S


def test_who_trickles_or_is_slow_costs_no_more_than_the_budget(address: str, service: FakeService) -> None:
    with (
        endpoints.listening(endpoints.trickling(address, 0.05)) as slow,
        Client(slow, "m", attempts=99) as client,
    ):
        assert 0.9 * BUDGET_S < _seconds(client) < 1.1 * BUDGET_S
    service.delay_s = 1.0
    with Client(address, "m", attempts=99) as client:
        assert 0.9 * BUDGET_S < _seconds(client) < 1.1 * BUDGET_S


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED"])
def test_who_always_fails_costs_no_more_than_the_budget(address: str, service: FakeService, code: str) -> None:
    service.failures = [grpc.StatusCode[code]] * 99
    start = time.monotonic()
    with Client(address, "m", attempts=99) as client, pytest.raises((UnreachableEndpointError, RefusedCallError)):
        client.predict({"image": IMAGE}, budget_s=BUDGET_S)
    assert time.monotonic() - start < 1.1 * BUDGET_S
    assert 1 <= service.calls <= 4


def test_no_budget_at_all_is_no_call(address: str, service: FakeService) -> None:
    with Client(address, "m", attempts=99) as client:
        assert _seconds(client, budget_s=-1.0) < 0.3
    assert service.calls == 0


def test_pauses_grow_and_differ(address: str, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    # The service sleeps for no seconds in each call.
    monkeypatch.setattr("serving.client.time.sleep", lambda seconds: pauses.append(seconds) if seconds else None)
    with Client(address, "m", attempts=3) as client:
        for _ in range(20):
            service.failures = [grpc.StatusCode.UNAVAILABLE] * 2
            client.predict({"image": IMAGE})
    first, second = np.reshape(pauses, (20, 2)).T
    assert 0.2 <= first.min() < first.max() <= 0.6
    assert 0.4 <= second.min() < second.max() <= 1.2
    assert len(set(pauses)) == 40
    assert np.ptp(first) > 0.1


def test_a_reset_in_the_middle_is_repeated(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.client.FIRST_PAUSE_S", 0.2)
    handler = endpoints.resetting(address, connections=1, after=60)
    with endpoints.listening(handler) as cut, Client(cut, "m", attempts=5, timeout_s=5.0) as client:
        np.testing.assert_array_equal(client.predict({"image": IMAGE}).outputs["image"], IMAGE)


def test_resets_for_good_are_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.client.FIRST_PAUSE_S", 0.05)
    handler = endpoints.resetting(address, connections=99, after=60)
    with endpoints.listening(handler) as cut, Client(cut, "m", attempts=3, timeout_s=5.0) as client:
        assert _seconds(client, budget_s=5.0) < 5.5


def test_an_answer_that_is_too_long_is_refused_once(address: str, service: FakeService) -> None:
    service.answer = lambda images, call: {"image": np.zeros((1, 600, 600, 3), np.float32)}
    with (
        Client(address, "m", attempts=5, largest_answer=2**20) as client,
        pytest.raises(RefusedCallError, match=r"RESOURCE_EXHAUSTED: .*larger than max \(4320\d+ vs. 1048576\)"),
    ):
        client.predict({"image": IMAGE})
    assert service.calls == 1


def _constant(*shape: int) -> TensorProto:
    """A few bytes that stand for a tensor of any size."""
    proto = tf.make_tensor_proto(np.float32([0.5]))
    proto.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    return proto


@pytest.mark.parametrize(
    "answer",
    [
        lambda: {"image": _constant(1, 2**20, 2**10, 3)},
        lambda: {f"o{i}": _constant(2**23) for i in range(1000)},
        lambda: {"image": _constant(2**24), "a": _constant(2**20), "b": _constant(2**20)},
    ],
)
def test_few_bytes_do_not_become_gigabytes(address: str, service: FakeService, answer: Callable) -> None:
    service.answer = lambda images, call: answer()
    with Client(address, "m") as client, pytest.raises(UnreadableAnswerError, match="tensor parsing error"):
        client.predict({"image": IMAGE})
