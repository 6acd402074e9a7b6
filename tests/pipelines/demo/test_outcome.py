import json

import pytest

from pipelines.demo.clock import Clock
from pipelines.demo.outcome import Outcome, table, write_outcome
from pipelines.demo.part import Served
from pipelines.demo.parts import PARTS
from pipelines.metadata import Step
from pipelines.summary import RunSummary
from tests.pipelines.demo.test_parts import row
from tfwm.evaluation.page import Pictures
from tfwm.evaluation.report import Report
from tfwm.types import CLASSIFICATION, RESTORATION

FIDELITY = {
    RESTORATION: {"psnr_marked_vs_unmarked_db": 42.0, "host_psnr_db": 29.0, "marked_host_psnr_db": 28.9, "ssim": 0.98},
    CLASSIFICATION: {"host_accuracy": 0.95, "marked_accuracy": 0.94, "agreement": 0.97},
}
SERVED = {
    RESTORATION: {"token_nc_centred": 0.93, "wrong_token_nc_centred": 0.014},
    CLASSIFICATION: {"key_samples": 60, "token_hits": 58, "wrong_token_hits": 0},
}
LINES = {
    RESTORATION: "pruned                                         recorded  marked    58/60  1.0e-09  0.900   0.800",
    CLASSIFICATION: "pruned                                         recorded  marked          58/60  1.0e-09    91.0%",
}
SENTENCES = {RESTORATION: "logo by 0.014", CLASSIFICATION: "58 of 60 secret labels; with a wrong token it counts 0"}


def _outcome(kind):
    found = row("pruned", "prune", accuracy=0.91, agreement=0.92)
    found.verdict.update(score=58 / 60, bits=58.0, nc=0.9, nc_centred=0.8)
    endpoint = {**found.verdict, "suspect": "marked endpoint", "expected": "marked"}
    run = RunSummary((Step("Pusher", "ran", 1.0),), True, (), None)
    served = Served("asked", SERVED[kind])
    return Outcome(run, Report((found,), FIDELITY[kind], 2.0, kind=kind), [endpoint], served, {"total": 3.0})


@pytest.mark.parametrize("kind", [RESTORATION, CLASSIFICATION])
def test_the_table_has_the_kinds_own_figures(kind):
    lines = table(_outcome(kind), PARTS[kind]).splitlines()
    assert len(lines) == 3
    assert lines[1] == LINES[kind]
    assert lines[2].startswith("marked endpoint")


@pytest.mark.parametrize("kind", [RESTORATION, CLASSIFICATION])
def test_summary_and_page_tell_the_same_story(kind, tmp_path):
    summary, page = write_outcome(
        tmp_path, _outcome(kind), PARTS[kind], Pictures(), seed=4, fingerprint="abcd", tensorboard=tmp_path
    )
    document = json.loads(summary.read_text())
    assert (document["seed"], document["blessed"], document["fidelity"]) == (4, True, FIDELITY[kind])
    assert document["served"] == {"endpoint_verdict": True, **SERVED[kind]}
    first = document["verdicts"][0]
    assert ("accuracy" in first) == (kind == CLASSIFICATION)
    assert SENTENCES[kind] in " ".join(page.read_text().split())


def test_a_clock_says_what_begins_and_keeps_what_it_took(capsys):
    clock = Clock()
    with clock.stage("data", "1. Photographs"):
        pass
    assert capsys.readouterr().out.endswith("s] 1. Photographs\n")
    assert 0 <= clock.seconds["data"] <= clock.seconds["total"]
