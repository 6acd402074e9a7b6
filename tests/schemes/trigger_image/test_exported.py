"""The exported model: its sealed visualizer, and verification of a served model by one Predict call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.schemes.conftest import Trained
from tests.schemes.trigger_image.conftest import key_of
from tfwm.exporting import audit, export, leaks_of
from tfwm.networks import dncnn
from tfwm.schemes.trigger_image import TriggerImage
from tfwm.suspects import SavedModelSuspect

pytest.importorskip("tensorflow_serving")

from serving.server import Server
from tfwm.suspects.remote import GrpcSuspect

pytestmark = pytest.mark.trains

PAPER = TriggerImage(visualizer=False)  # 40 x 40, a rank among 999


@pytest.fixture(scope="module")
def exported(coded: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`<folder>/marked/1` with the sealed visualizer, `<folder>/grey/1` an unmarked grey network."""
    folder = tmp_path_factory.mktemp("exported")
    export(coded.result.model, folder / "marked" / "1", scheme=coded.scheme, key=coded.result.key)
    export(dncnn((None, None, 1), filters=2, depth=2, seed=1), folder / "grey" / "1", scheme=PAPER, key=key_of(PAPER))
    return folder


def test_extract_gives_the_copyright_image_for_the_token_only(coded: Trained, exported: Path) -> None:
    key, loaded = coded.result.key, tf.saved_model.load(str(exported / "marked" / "1"))
    answers = tf.constant(coded.suspect(coded.scheme.probe_images(key)).clip(0, 1))

    def logo(token: bytes) -> np.ndarray:
        ((name, picture),) = loaded.signatures["extract"](image=answers, token=tf.constant(token)).items()
        assert name == "logo"
        return picture.numpy()

    drawn = coded.scheme.reading(coded.suspect, key)["logo"]
    right, wrong = logo(key.token)[0], logo(bytes(16))[0]
    np.testing.assert_allclose(right, drawn, atol=1e-4)
    assert wrong.shape == right.shape
    assert np.isfinite(wrong).all()
    assert np.abs(wrong - drawn).mean() > 0.05
    assert abs(np.corrcoef(wrong.ravel(), drawn.ravel())[0, 1]) < 0.3


def test_the_file_holds_no_trigger(coded: Trained, exported: Path) -> None:
    key = coded.result.key
    content = b"".join(path.read_bytes() for path in (exported / "marked").rglob("*") if path.is_file())
    row, updated = coded.scheme.probe_images(key)[0, 0], key.arrays["updated"][0, 0]
    floats = (row / np.float32(255)).astype(np.float32)
    for secret in (row.tobytes(), floats.tobytes(), updated.tobytes(), updated.astype(np.float32).tobytes(),
                   key.secret, key.token):  # fmt: skip
        assert secret not in content


def test_the_audit_finds_nothing(coded: Trained, exported: Path) -> None:
    assert audit(exported / "marked" / "1", leaks_of(coded.result.key, coded.scheme)) == []
    assert audit(exported / "grey" / "1", leaks_of(key_of(PAPER), PAPER)) == []


def test_without_a_visualizer_there_is_no_extract(exported: Path) -> None:
    signatures = tf.saved_model.load(str(exported / "grey" / "1")).signatures
    assert sorted(signatures) == ["serving_bytes", "serving_default"]


@pytest.fixture(scope="module")
def server(exported: Path) -> Iterator[Server]:
    with Server({name: exported / name for name in ("marked", "grey")}) as running:
        yield running


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Shapes of the images of every Predict call that leaves this process."""
    sent: list[list[int]] = []
    predict = GrpcSuspect.predict

    def counted(suspect: GrpcSuspect, inputs: dict[str, np.ndarray], **others: Any) -> dict[str, np.ndarray]:
        sent.append(list(inputs["image"].shape))
        return predict(suspect, inputs, **others)

    monkeypatch.setattr(GrpcSuspect, "predict", counted)
    return sent


def test_coded_evidence_takes_one_call_and_one_trigger(coded: Trained, server: Server, calls) -> None:
    verdict = coded.scheme.verify(GrpcSuspect(server.address, "marked"), coded.result.key)
    assert verdict.marked
    assert calls == [[1, 16, 16, 3]]
    local = coded.scheme.verify(coded.suspect, coded.result.key)
    assert verdict.as_dict() == pytest.approx(local.as_dict(), abs=1e-3)


def test_a_rank_among_999_takes_one_call(server: Server, calls) -> None:
    for seed in (1, 2):
        verdict = PAPER.verify(GrpcSuspect(server.address, "grey"), key_of(PAPER, seed))
        assert not verdict.marked
        assert verdict.n == 999
    assert calls == [[1000, 40, 40, 1]] * 2


def test_the_served_file_and_the_endpoint_rank_alike(coded: Trained, exported: Path, server: Server, calls) -> None:
    ranked = replace(coded.scheme, coded=False, decoys=99, alpha=0.05)
    key = replace(coded.result.key, settings=ranked.to_dict())
    remote, local = GrpcSuspect(server.address, "marked"), SavedModelSuspect(exported / "marked" / "1")
    found, expected = (ranked.verify(suspect, key).as_dict() for suspect in (remote, local))
    assert found == pytest.approx(expected, abs=1e-4)
    assert calls == [[100, 16, 16, 3]]
