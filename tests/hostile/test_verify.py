"""`tfwm verify` before trivial and hostile endpoints: the right exit code, and one JSON document, always."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import grpc
import numpy as np
import pytest

from tests.hostile import endpoints, suspects
from tests.known_keys import Known, classification, restoration
from tests.serving.fake_service import FakeService, running
from tfwm.cli import main
from tfwm.suspects import as_float

pytestmark = pytest.mark.trains  # whole commands

KINDS = {"restoration": restoration, "classification": classification}
# The other kind's key has one trigger, which is one request.
ONLY_CLASSIFICATION = pytest.mark.parametrize("kind", ["classification"], indirect=True)
OUTPUTS = {"restoration": "image", "classification": "scores"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return {kind: known().key.save(folder / kind) for kind, known in KINDS.items()}


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def address(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("serving.client.FIRST_PAUSE_S", 0.02)
    with running(service) as address:
        yield address


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def known(kind: str) -> Known:
    return KINDS[kind]()


@pytest.fixture
def verify(kind: str, folders: dict[str, Path], address: str, capsys) -> Callable[..., tuple[int, dict]]:
    """Runs the command on the service, or on another address; gives its exit code and its document."""

    def call(*words: str, at: str = address) -> tuple[int, dict]:
        capsys.readouterr()
        code = main(["verify", "--suspect", f"grpc://{at}/m", "--key", str(folders[kind]), "--json", *words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, json.loads(captured.out)

    return call


def answering(service: FakeService, kind: str, answer: Callable[[np.ndarray], np.ndarray]) -> None:
    service.answer = lambda images, call: {OUTPUTS[kind]: answer(images)}


def test_the_marked_model_is_verified(verify, service, kind, known) -> None:
    answering(service, kind, known.marked)
    code, found = verify()
    assert (code, found["marked"], found["served_versions"]) == (0, True, [1])


def test_rounding_to_eight_bits_does_not_hide_the_mark(verify, service, kind, known) -> None:
    answering(service, kind, lambda images: np.rint(known.marked(images) * 255) / np.float32(255))
    assert verify()[0] == 0


def test_innocent_trivial_and_spoilt_answers_are_not_verified(verify, service, kind, known) -> None:
    table = {**suspects.innocent(kind), **suspects.spoilt(known)}
    for name, answer in table.items():
        answering(service, kind, answer)
        code, found = verify()
        assert (code, found["marked"]) == (1, False), name


def test_answers_that_are_no_numbers_are_no_answers(verify, service, kind, known) -> None:
    for name, answer in suspects.no_numbers(known).items():
        answering(service, kind, answer)
        code, found = verify()
        assert (code, found["exit_code"]) == (4, 4), name
        assert "not finite" in found["error"]


def test_answers_of_another_shape_are_no_answers(verify, service, kind, known) -> None:
    """They may be no answer to pictures at all, or pictures of another size, or scores of other classes."""
    for name, answer in suspects.misshapen(kind).items():
        answering(service, kind, answer)
        code, found = verify()
        assert (code, found["exit_code"]) == (4, 4), name
        assert "must answer" in found["error"] or "must be" in found["error"], name


@ONLY_CLASSIFICATION
def test_answers_that_change_their_shape_half_way_are_no_answers(verify, service, kind, known, monkeypatch) -> None:
    in_small_requests(monkeypatch)
    service.answer = lambda images, call: {OUTPUTS[kind]: known.marked(images)[..., : 3 - call % 2]}
    code, found = verify()
    assert code == 4
    assert "cannot be judged" in found["error"]


def test_a_file_that_does_not_fit_the_key_is_the_users_to_mend(folders, kind, known, tmp_path, capsys) -> None:
    """The same answers from an npz on this machine: exit code 2."""
    probes, tried = known.scheme.probe_images(known.key), 0
    for number, (name, answer) in enumerate(suspects.misshapen(kind).items()):
        outputs = np.asarray(answer(as_float(probes)))
        if not outputs.ndim or len(outputs) != len(probes):
            continue  # no file can say so
        tried += 1
        np.savez(tmp_path / f"{number}.npz", inputs=probes, outputs=outputs)
        capsys.readouterr()
        words = ["--suspect", str(tmp_path / f"{number}.npz"), "--key", str(folders[kind]), "--json"]
        assert main(["verify", *words]) == 2, name
        found = json.loads(capsys.readouterr().out)
        assert found["exit_code"] == 2
        assert "must answer" in found["error"] or "must be" in found["error"], name
    assert tried >= 3


@pytest.mark.parametrize("form", [np.uint8, np.int64, bool, np.complex64, str])
def test_answers_of_another_type_are_no_answers(verify, service, kind, known, form) -> None:
    answering(service, kind, lambda images: known.marked(images).astype(form))
    code, found = verify()
    assert code == 4
    assert "must answer" in found["error"]


@ONLY_CLASSIFICATION
def test_64_mebibytes_are_read_and_refused(verify, service, kind, known) -> None:
    side = 2362  # 2362 x 2362 x 3 floats are 64 MiB
    answering(service, kind, lambda images: np.zeros((1, side, side, 3), np.float32))
    code, found = verify()
    assert code == 4
    assert f"[1, {side}, {side}, 3]" in found["error"]


def test_an_endless_answer_is_cut_off(verify, service, kind, known, monkeypatch) -> None:
    monkeypatch.setattr("tfwm.suspects.remote.LARGEST_ANSWER", 2**16)
    answering(service, kind, lambda images: np.zeros((len(images), 2**18), np.float32))
    code, found = verify()
    assert code == 4
    assert "RESOURCE_EXHAUSTED" in found["error"]
    assert service.calls == 1


@pytest.mark.parametrize("codes", [["UNAVAILABLE"] * 3, ["RESOURCE_EXHAUSTED"], ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]])
def test_who_fails_and_then_answers_is_verified(verify, service, kind, known, codes) -> None:
    answering(service, kind, known.marked)
    service.failures = [grpc.StatusCode[code] for code in codes]
    assert verify()[0] == 0
    assert service.calls == len(codes) + 1


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "INTERNAL", "PERMISSION_DENIED", "UNKNOWN"])
def test_who_fails_for_good_is_unreachable(verify, service, kind, known, code) -> None:
    answering(service, kind, known.marked)
    service.failures = [grpc.StatusCode[code]] * 99
    assert verify()[0] == 4
    assert service.calls <= 4


def test_a_crash_inside_the_endpoint_is_unreachable(verify, service, kind) -> None:
    answering(service, kind, lambda images: 1 / 0)
    code, found = verify()
    assert code == 4
    assert "UNKNOWN" in found["error"]


@pytest.mark.parametrize("handler", [endpoints.silent, endpoints.web_page, endpoints.babbling])
def test_who_speaks_no_grpc_is_unreachable_within_the_budget(verify, handler) -> None:
    with endpoints.listening(handler) as address:
        start = time.monotonic()
        verify("--budget-s", "0.01", at=address)
        asked = time.monotonic()
        code, found = verify("--budget-s", "0.7", at=address)
    # Besides the budget, a command reads the key, as the first one did.
    assert time.monotonic() - asked < 1.1 * 0.7 + (asked - start)
    assert code == 4
    assert "did not answer" in found["error"]


@ONLY_CLASSIFICATION
def test_the_budget_is_for_all_requests_together(verify, service, kind, known, monkeypatch) -> None:
    in_small_requests(monkeypatch)
    answering(service, kind, known.marked)
    service.delay_s = 0.25
    start = time.monotonic()
    assert verify("--budget-s", "0.7")[0] == 4
    assert time.monotonic() - start < 0.77
    assert service.calls == 3


def in_small_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty samples go in five requests."""
    monkeypatch.setattr("tfwm.suspects.local.PIXELS", 1)
    monkeypatch.setattr("tfwm.suspects.local.BATCH", 8)


def test_a_flapping_endpoint_is_verified_in_the_end(folders, address, service, monkeypatch, capsys) -> None:
    in_small_requests(monkeypatch)
    known, turns = classification(), cycle((grpc.StatusCode.UNAVAILABLE, None))

    class Flapping(list):
        def __bool__(self) -> bool:
            return next(turns) is not None

        def pop(self, index: int = -1) -> grpc.StatusCode:
            return grpc.StatusCode.UNAVAILABLE

    service.failures = Flapping()
    answering(service, "classification", known.marked)
    assert main(["verify", "--suspect", f"grpc://{address}/m", "--key", str(folders["classification"])]) == 0
    assert service.calls == 10


@ONLY_CLASSIFICATION
@pytest.mark.parametrize("versions", [(1, 1, 2, 2, 2), (1, 2, 1, 2, 1), (7, 7, 7, 7, 0)])
def test_a_version_that_is_switched_half_way_is_told(verify, service, kind, known, versions, monkeypatch) -> None:
    in_small_requests(monkeypatch)
    answering(service, kind, known.marked)
    service.version = lambda call: versions[call - 1]
    code, found = verify()
    assert code == 3
    assert found["marked"] is False
    assert found["served_versions"] == sorted(set(versions))
    assert "evidence must rest on one version" in found["invalid"]
    assert found["key_fingerprints"] == [known.key.fingerprint]
