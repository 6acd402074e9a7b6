"""The battery, the report and the policy where the host is a classifier, by hand and in milliseconds."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.evaluation.doubles import report as image_report
from tfwm.evaluation.battery import Subjects, evaluate, plan
from tfwm.evaluation.cells import UNATTACKED, UNMARKED_HOST
from tfwm.evaluation.page import ExtractedMark, Pictures, write_report_page
from tfwm.evaluation.policy import Policy, decide
from tfwm.evaluation.report import Report
from tfwm.evidence.labels import answered_labels
from tfwm.evidence.statistics import binomial_tail, hits_needed
from tfwm.keys import OwnerKey, derive_generator, new_secret
from tfwm.kinds import kind_called, kind_of_data
from tfwm.kinds.quality import Correctness
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.suspects.trivial import constant_class, guessers, hashed_class, majority_class, random_scores
from tfwm.types import CLASSIFICATION, Access, LabelledImages, Suspect, Verdict

CLASSES, SIDE, SAMPLES = 10, 8, 24
KIND = kind_called(CLASSIFICATION)


@dataclass(frozen=True)
class LabelScheme:
    """Secret labels of secret pictures; nothing is trained."""

    name: ClassVar[str] = "labels"
    kind: ClassVar[str] = CLASSIFICATION

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        alpha = alpha or 1e-6
        answers = answered_labels(suspect(as_float(key.arrays["probes"])), SAMPLES, CLASSES)
        hits = int(np.sum(answers == labels_of(key)))
        needed = hits_needed(SAMPLES, alpha, 1 / CLASSES)
        p_value = binomial_tail(hits, SAMPLES, 1 / CLASSES)
        return Verdict(hits / SAMPLES, needed / SAMPLES, p_value, SAMPLES, "Bin(24, 1/10)", alpha)

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        return replace(key, secret=new_secret(500 + seed))


@dataclass(frozen=True)
class Copy:
    """Pretends to be an extraction: a suspect that answers as the one it asks."""

    name: ClassVar[str] = "extract_classifier"
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION,)
    copies: ClassVar[str] = "extraction"
    needs: ClassVar[Access] = Access.QUERIES
    calls: ClassVar[list[str]] = []

    def __repr__(self) -> str:
        return "copy"

    def __call__(self, suspect: Suspect, data: LabelledImages, run: Any) -> Suspect:
        assert isinstance(data, LabelledImages)
        self.calls.append(suspect.name)
        return FunctionSuspect(f"copy of {suspect.name}", suspect)


def labels_of(key: OwnerKey) -> np.ndarray:
    return derive_generator(key.secret, "labels").integers(0, CLASSES, SAMPLES)


def pictures(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)


def true_class(images: np.ndarray) -> np.ndarray:
    """By the first pixel: something that a function can know."""
    return (np.round(images[:, 0, 0, 0] * 255.0).astype(int) * CLASSES) // 256


def scores(labels: np.ndarray) -> np.ndarray:
    return np.eye(CLASSES, dtype=np.float32)[labels]


def part(seed: int, count: int) -> LabelledImages:
    images = pictures(seed, count)
    return LabelledImages(images, true_class(as_float(images)), CLASSES)


def host() -> FunctionSuspect:
    return FunctionSuspect("host", lambda images: scores(true_class(images)))


def marked(key: OwnerKey, wrong_below: int) -> FunctionSuspect:
    """Knows the samples' labels, and errs where the second pixel is dark."""
    known = {sample.tobytes(): label for sample, label in zip(key.arrays["probes"], labels_of(key), strict=True)}

    def answer(images: np.ndarray) -> np.ndarray:
        pixels = np.round(images * 255.0).astype(np.uint8)
        labels = np.where(pixels[:, 0, 1, 0] < wrong_below, (true_class(images) + 1) % CLASSES, true_class(images))
        return scores(np.array([known.get(p.tobytes(), label) for p, label in zip(pixels, labels, strict=True)]))

    return FunctionSuspect("marked", answer)


@pytest.fixture
def subjects() -> Subjects:
    key = OwnerKey("labels", {}, new_secret(1), {"probes": pictures(7, SAMPLES)})
    return Subjects(LabelScheme(), key, marked(key, 16), host(), part(11, 60), part(12, 200))


@pytest.fixture
def machine(run, monkeypatch):
    monkeypatch.setattr("tfwm.attacks.attack_to_dict", lambda attack: {"attack": "extract_classifier"})
    monkeypatch.setattr("tfwm.attacks.attack_from_dict", lambda values: Copy())
    Copy.calls.clear()
    return run


def share_wrong(subjects: Subjects) -> float:
    return float(np.mean(subjects.test.images[:, 0, 1, 0] < 16))


POLICY = Policy(alpha=1e-6, must_survive=("copy",), max_accuracy_loss=0.2)


def test_the_plan_asks_guessers_and_an_extraction_of_the_host(machine) -> None:
    cells = plan((Copy(),), KIND, wrong_keys=2)
    assert [cell.label for cell in cells] == [
        UNATTACKED, "copy", UNMARKED_HOST, "extraction of the unmarked host", "wrong key 1", "wrong key 2",
        *KIND.trivial,
    ]  # fmt: skip
    assert len(KIND.trivial) == 4


def test_an_evaluation_finds_the_mark_where_it_is_and_nowhere_else(subjects, machine) -> None:
    report = evaluate(subjects, (Copy(),), machine, POLICY)
    assert {row.label for row in report.rows if row.verdict["marked"]} == {UNATTACKED, "copy"}
    assert all(row.ok for row in report.rows)
    assert Copy.calls == ["marked", "host"]
    assert decide(report, POLICY).blessed


def test_accuracy_and_agreement_by_hand(subjects, machine) -> None:
    report = evaluate(subjects, (), machine, POLICY)
    wrong = share_wrong(subjects)
    assert 0.0 < wrong < 0.2
    assert report.kind == CLASSIFICATION
    assert report.fidelity == {
        "host_accuracy": 1.0, "marked_accuracy": pytest.approx(1 - wrong), "agreement": pytest.approx(1 - wrong),
    }  # fmt: skip
    rows = {row.label: row for row in report.rows}
    assert rows[UNATTACKED].accuracy == pytest.approx(1 - wrong)
    assert rows[UNATTACKED].agreement == 1.0
    assert (rows[UNMARKED_HOST].accuracy, rows[UNMARKED_HOST].agreement) == (1.0, pytest.approx(1 - wrong))
    zeros = float(np.mean(subjects.test.labels == 0))
    assert rows["trivial: constant class"].accuracy == pytest.approx(zeros)
    assert all((row.psnr_db, row.psnr_to_marked_db, row.ssim) == (None, None, None) for row in report.rows)


def test_a_finished_row_is_kept_and_other_labels_are_measured_again(subjects, machine, capsys) -> None:
    loud = replace(machine, quiet=False)
    evaluate(subjects, (), loud, POLICY)
    evaluate(subjects, (), loud, POLICY)
    assert capsys.readouterr().err.count("kept from before") == len(plan((), KIND))
    test = subjects.test
    relabelled = LabelledImages(test.images, (test.labels + 1) % CLASSES, CLASSES)
    evaluate(replace(subjects, test=relabelled), (), loud, POLICY)
    assert "kept from before" not in capsys.readouterr().err


def test_answers_without_a_class_are_wrong_and_agree_with_nothing() -> None:
    quality = kind_of_data(part(3, 20)).quality(part(3, 20))
    assert isinstance(quality, Correctness)
    silent = quality.answers(FunctionSuspect("silent", lambda images: np.full((len(images), CLASSES), np.nan)))
    figures = quality.row(silent, quality.answers(host()))
    assert (figures["accuracy"], figures["agreement"]) == (0.0, 0.0)
    with pytest.raises(ValueError, match="`data` must be ImagePairs or LabelledImages, got list"):
        kind_of_data([])


def test_guessers() -> None:
    images = as_float(pictures(5, 30))
    data = LabelledImages(pictures(6, 6), np.array([4, 7, 7, 2, 7, 4]), CLASSES)
    assert (majority_class(data)(images).argmax(axis=1) == 7).all()
    assert (constant_class(3, CLASSES)(images).argmax(axis=1) == 3).all()
    with pytest.raises(ValueError, match=r"`label` must lie in \[0, 9\] for 10 classes, got 10. Use 0."):
        constant_class(10, CLASSES)
    fixed = hashed_class(CLASSES, seed=1)
    np.testing.assert_array_equal(fixed(images)[::-1], fixed(images[::-1]))
    assert len(set(fixed(images).argmax(axis=1))) > 4
    drawn = random_scores(CLASSES, seed=1)
    np.testing.assert_array_equal(drawn(images), drawn(images[::-1]))
    assert drawn(images).shape == (30, CLASSES)
    assert {suspect.name for suspect in guessers(data, seed=0)} == set(KIND.trivial.values())


def test_thresholds_for_images_bless_no_classifier(subjects, machine) -> None:
    report = evaluate(subjects, (Copy(),), machine, POLICY)
    reasons = decide(report, Policy(38.0, 0.3, 1e-6, ("copy",))).reasons
    assert len(reasons) == 1
    assert "sets no `max_accuracy_loss`" in reasons[0]
    reasons = decide(report, Policy()).reasons
    assert all(any(f"`{name}`" in reason for reason in reasons) for name in (*KIND.thresholds, "alpha", "must_survive"))
    assert len(reasons) == 3
    # And the other way round.
    reasons = decide(image_report(), Policy(alpha=1e-6, must_survive=("attack",), max_accuracy_loss=0.5)).reasons
    assert any("`min_psnr_marked_vs_unmarked_db`" in reason for reason in reasons)


def test_accuracy_that_the_mark_costs_is_named(subjects, machine) -> None:
    report = evaluate(subjects, (Copy(),), machine, POLICY)
    exact = Report(
        report.rows, {"host_accuracy": 0.9, "marked_accuracy": 0.875, "agreement": 0.9}, 1.0, {}, CLASSIFICATION
    )
    (reason,) = decide(exact, replace(POLICY, max_accuracy_loss=0.02)).reasons
    assert reason == (
        "Fidelity: the mark costs the classifier 2.50 points of accuracy, from 90.00% to 87.50%; the policy allows at "
        "most 2."
    )
    # 0.9 - 0.89 is 0.010000000000000009 in floating point.
    at_limit = Report(
        report.rows, {"host_accuracy": 0.9, "marked_accuracy": 0.89, "agreement": 0.9}, 1.0, {}, CLASSIFICATION
    )
    assert decide(at_limit, replace(POLICY, max_accuracy_loss=0.01)).blessed
    missing = replace(report, fidelity={"host_accuracy": None, "marked_accuracy": 0.89})
    assert "could not be measured" in decide(missing, POLICY).reasons[0]


@pytest.mark.parametrize(
    "value, message", [(2, "must be a share below 1, got 2. Write 0.01"), ("x", "must be a finite number")]
)
def test_a_loss_in_points_is_refused(value, message, tmp_path) -> None:
    (tmp_path / "policy.json").write_text(json.dumps({"max_accuracy_loss": value}))
    with pytest.raises(ValueError, match=f"`max_accuracy_loss` {message}"):
        Policy.load(tmp_path / "policy.json")


def test_reports_of_before_name_no_kind(subjects, machine, tmp_path) -> None:
    for report in (image_report(), evaluate(subjects, (), machine, POLICY)):
        path = report.save(tmp_path / "report.json")
        document = json.loads(path.read_text())
        del document["kind"]
        path.write_text(json.dumps(document))
        assert Report.load(path) == report
    document = json.loads(image_report().save(tmp_path / "report.json").read_text())
    for row in document["rows"]:  # of a version that had no classifiers
        del row["accuracy"], row["agreement"]
    path.write_text(json.dumps(document))
    assert Report.load(path) == image_report()


def test_the_table_and_tensorboard_show_accuracies(subjects, machine, tmp_path) -> None:
    from tfwm.evaluation.tensorboard import figures, write_tensorboard

    report = evaluate(subjects, (), machine, POLICY)
    assert Report.load(report.save(tmp_path / "report.json")) == report
    headings, _, first, *_ = report.to_table().splitlines()
    assert "accuracy  as marked" in headings
    assert "PSNR" not in headings
    assert f"{1 - share_wrong(subjects):.3f}" in first
    found = figures(report.rows[0])
    assert (found["agreement"], "psnr_db" in found) == (1.0, False)
    write_tensorboard(report, tmp_path / "tb")
    assert len(list((tmp_path / "tb").iterdir())) == len(report.rows) + 1


def test_the_page_shows_accuracies_and_no_decibels(subjects, machine, tmp_path) -> None:
    from tests.evaluation.test_page import Outline

    report = evaluate(subjects, (Copy(),), machine, POLICY)
    agreement = np.ones((4, 6), bool)
    agreement[0, :5] = False
    shown = Pictures(marks=(ExtractedMark(UNATTACKED, None, agreement),))
    text = write_report_page(tmp_path / "report.html", {}, report, shown, "tb").read_text("utf-8")
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    wrong = share_wrong(subjects)
    assert f"<dt>Accuracy with mark</dt><dd>{100 * (1 - wrong):.1f} %</dd>" in text
    assert "<dt>Accuracy without mark</dt><dd>100.0 %</dd>" in text
    assert text.count('data-head="Accuracy"') == len(report.rows)
    assert 'colspan="9"' in text
    assert "19 of 24 cells agree" in text
    assert "dB" not in text
    assert "secret code" not in text
    for hint in ("gives every picture the same class", "always the same one", "a copy trained on the model’s answers"):
        assert hint in text
