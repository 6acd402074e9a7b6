from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from tests.evaluation.doubles import KIND, code, owner_key, report, row
from tfwm.attacks import ATTACKS
from tfwm.evaluation import wording
from tfwm.evaluation.page import ExtractedMark, Photo, Pictures, write_report_page
from tfwm.kinds import KINDS

VOID = {"meta", "link", "img", "br"}


class Outline(HTMLParser):
    """Fails on a tag that is closed in the wrong place, and gathers what the page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.loads += [value for name, value in attributes if name in ("src", "href", "srcset", "action", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def pictures():
    draws = np.random.default_rng(0)
    image = draws.random((24, 32, 3)).astype(np.float32)
    agreement = np.ones((8, 8), bool)
    agreement[0, :3] = False
    return Pictures(
        (Photo("coffee", image, image, np.clip(image + 0.01, 0, 1)),),
        (ExtractedMark("unattacked", draws.random((16, 16, 3)), agreement), ExtractedMark("unmarked host", image)),
        logo=draws.random((16, 16, 1)),
    )


def _page(path, pictures, made=None, **summary) -> str:
    page = write_report_page(path / "report.html", summary, made or report(), pictures, "runs/demo/tb")
    return page.read_text("utf-8")


def test_the_page_is_one_file_that_fetches_nothing(tmp_path, pictures):
    text = _page(tmp_path, pictures)
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert outline.loads
    assert all(load.startswith("data:") for load in outline.loads)
    assert "://" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert "script" not in outline.tags
    assert "iframe" not in outline.tags


def test_only_listed_fields_of_the_summary_are_shown(tmp_path, pictures):
    key = owner_key()
    text = _page(tmp_path, pictures, token=key.token.hex(), secret=key.secret.hex(), key_fingerprint=key.fingerprint,
                 served={"token": key.token.hex(), "wrong_token_nc_centred": 0.0123})  # fmt: skip
    assert key.fingerprint in text
    assert "0.012" in text
    assert key.token.hex() not in text
    assert key.secret.hex() not in text


def test_cells_show_agreement_and_a_code_is_refused(tmp_path, pictures):
    text = _page(tmp_path, pictures)
    assert text.count('<rect class="agree"') == 61
    assert text.count('<rect class="differ"') == 3
    assert "61 of 64 cells agree" in text
    with pytest.raises(ValueError, match=r"`agreement` must be bool.*the code itself must not reach a page"):
        ExtractedMark("unattacked", None, code(owner_key()).astype(np.uint8))


def test_the_page_says_what_was_read_and_claims_no_more(tmp_path, pictures):
    cells, logo = np.ones((4, 4), bool), np.zeros((16, 16, 1))
    both = _page(tmp_path, Pictures(marks=(ExtractedMark("unattacked", logo, cells),)))
    assert "reads a picture and a grid of cells" in both
    assert "rests on the cells; the picture is for the eye." in both
    alone = _page(tmp_path, Pictures(marks=(ExtractedMark("unattacked", None, cells),)))
    assert "reads a grid of cells" in alone
    assert "rests on the cells." in alone
    picture = _page(tmp_path, Pictures(marks=(ExtractedMark("unattacked", logo),)))
    assert "reads a picture from" in picture
    assert "is said under the null hypotheses" in picture
    assert "secret code" not in picture


def test_every_attack_is_explained_to_a_reader_who_knows_no_label():
    sentences = {name: wording.origin(row("x", "attack", "marked", 60, {"attack": name}), KIND) for name in ATTACKS}
    assert all(len(sentence.split()) > 2 for sentence in sentences.values())
    assert len(set(sentences.values())) >= len(ATTACKS) - 1  # a surrogate and an extraction are the same in words
    for kind in KINDS.values():
        assert set(kind.trivial) == set(kind.origins)


def test_every_verdict_has_its_p_value_and_null(tmp_path, pictures):
    text = _page(tmp_path, pictures)
    for made in report().rows:
        assert made.label in text
        assert str(wording.one_in(made.verdict["p_value"])) in text
    assert "Every cell agrees with chance 1/2." in text
    assert "not</strong> the probability that the model was stolen" in text


def test_the_residual_is_ten_times_the_difference(tmp_path):
    photo = Photo("flat", *(np.full((4, 4, 3), value, np.float32) for value in (0.2, 0.5, 0.52)))
    text = _page(tmp_path, Pictures(photos=(photo,)))
    frames = re.findall(r"data:image/png;base64,([^\"]+)", text)
    assert len(frames) == 4
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(frames[3]))))
    assert (pixels == 51).all()  # 0.02 * 10 * 255


def test_the_answer_counts(tmp_path):
    assert wording.answer(report()) == (
        "Yes: the marked model is recognised as the owner’s; 1 of 2 attacked copies of it are recognised too; "
        "of 3 controls (models without the mark, wrong keys, no model at all), none was taken for the owner’s."
    )
    accused = wording.answer(report(row("unmarked host", "control", "unmarked", 60)))
    assert accused.startswith("No: ")
    assert accused.endswith("1 was taken for the owner’s.")
    assert wording.answer(report(row("unattacked", "unattacked", "marked", 30))).startswith(
        "No: the marked model is not recognised"
    )


def test_attacks_that_defeat_the_mark_are_named_among_the_limits(tmp_path, pictures):
    limits = _page(tmp_path, pictures).split("<h2>Limits</h2>")[1]
    assert "<code>surrogate(plain-12, l2)</code>" in limits
    assert "<code>surrogate(unet-12, l1)</code>" not in limits
    survivor = row("surrogate(plain-12, l2)", "attack", "recorded", 64)
    assert "None of the attacks that were tried" in _page(tmp_path, pictures, report(survivor))


def test_a_row_against_expectation_is_flagged(tmp_path, pictures):
    assert "not met" not in _page(tmp_path, pictures, blessed=True)
    assert "not met" in _page(tmp_path, pictures, report(row("unmarked host", "control", "unmarked", 60)))


def test_the_decision_and_its_reasons(tmp_path, pictures):
    assert "Fit for release" in _page(tmp_path, pictures, blessed=True, reasons=[])
    text = _page(tmp_path, pictures, blessed=False, reasons=["Fidelity: 36 dB & less"])
    assert "Not fit for release" in text
    assert "Fidelity: 36 dB &amp; less" in text
    assert "it for release" not in _page(tmp_path, pictures)


def test_what_others_wrote_is_escaped(tmp_path, pictures):
    hostile = row("<script>alert(1)</script>", "attack", "recorded", 3)
    text = _page(tmp_path, pictures, report(hostile), title="<b>mine</b>")
    assert "<script" not in text
    assert "<b>mine" not in text


def test_verdicts_over_the_network(tmp_path, pictures):
    verdict = dict(report().rows[0].verdict, null="Another null.")
    innocent = {"suspect": "the unmarked host", "expected": "unmarked", **verdict}
    text = _page(tmp_path, pictures, served={"verdicts": [innocent]})
    assert "Asked over the network" in text
    assert "<li>Another null.</li>" in text
    assert "not met" in text
    alone = _page(tmp_path, pictures, served={"endpoint_verdict": verdict})
    assert re.search(r'class="name">the marked model\s*<', alone)
    assert "Asked over the network" not in _page(tmp_path, pictures)


def test_a_page_without_pictures_or_figures(tmp_path):
    text = _page(tmp_path, Pictures(), report(fidelity=dict.fromkeys(("ssim", "host_psnr_db"))))
    assert "What was read from each suspect" not in text
    assert text.count("not available") == 2


@pytest.mark.parametrize(
    "p_value, words, power",
    [
        (1.0, "100 in 100", "1"),
        (0.4503, "45 in 100", "0.45"),
        (0.0018, "1 in 550", "0.0018"),
        (1e-6, "1 in 1 million", "1.0 × 10<sup>−6</sup>"),
        (8.46e-7, "1 in 1.1 million", "8.5 × 10<sup>−7</sup>"),
        (9.99e-7, "1 in 1 million", "1.0 × 10<sup>−6</sup>"),
        (2.0**-64, "1 in 1.8 × 10<sup>19</sup>", "5.5 × 10<sup>−20</sup>"),
        (2.3e-308, "1 in 4.3 × 10<sup>307</sup>", "2.3 × 10<sup>−308</sup>"),
    ],
)
def test_chances_in_words_never_claim_more_than_the_figure(p_value, words, power):
    assert str(wording.one_in(p_value)) == words
    assert str(wording.power_of_ten(p_value)) == power
