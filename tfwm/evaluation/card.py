"""The model card: what a released model is, what it was measured to do, and what it must not be taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tfwm.evaluation import wording
from tfwm.evaluation.markdown import figure, table, write_page
from tfwm.evaluation.page import TEMPLATES
from tfwm.evaluation.policy import Decision
from tfwm.evaluation.report import Report, Row
from tfwm.files import replacing
from tfwm.kinds import kind_called

FIDELITY = {
    "psnr_marked_vs_unmarked_db": "marked against unmarked outputs, dB",
    "host_psnr_db": "the host's own task without the mark, dB",
    "marked_host_psnr_db": "the host's own task with the mark, dB",
    "ssim": "structural similarity, marked to unmarked, 1 is alike",
    "host_accuracy": "share of right classes without the mark",
    "marked_accuracy": "share of right classes with the mark",
    "agreement": "share of test pictures on which both give one class",
}
DIGITS = 4


@dataclass(frozen=True)
class ModelFacts:
    """What a card says of a model beside its measurements; nothing of it is secret.

    Args:
      name: of the model.
      scheme: by which it is marked.
      key_fingerprint: names the owner's key.
      digest: of the released files, as in the certificate.
      written: a date.
      signatures: what can be asked of it.
      pictures: how many each part of the data has.
      shape: of a picture, `[height, width, channels]`.
    """

    name: str
    scheme: str
    key_fingerprint: str
    digest: str
    written: str
    signatures: tuple[str, ...] = ()
    pictures: Mapping[str, int] = field(default_factory=dict)
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading, sentences below it, and perhaps a table whose first column is text."""

    heading: str
    sentences: tuple[str, ...]
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def sections(facts: ModelFacts, report: Report, decision: Decision) -> list[Section]:
    """The card, in order.

    Args:
      facts: of the model.
      report: what was measured on it.
      decision: by the release policy.
    """
    return [_model(facts, report), _release(decision), _data(facts), _fidelity(report), _mark(report), _limits(report)]


def _model(facts: ModelFacts, report: Report) -> Section:
    kind = kind_called(report.kind)
    rows = (
        ("kind", kind.models), ("mark", facts.scheme), ("owner's key", facts.key_fingerprint),
        ("signatures", ", ".join(facts.signatures)), ("SHA-256 of the files", facts.digest),
        ("written", facts.written),
    )  # fmt: skip
    return Section(
        "The model",
        ("It carries an ownership mark in its answers. The fingerprint names the owner's key and reveals nothing.",),
        ("", facts.name), rows,
    )  # fmt: skip


def _release(decision: Decision) -> Section:
    word = "is fit for release: every condition of the policy holds" if decision.blessed else "is not fit for release"
    return Section("Release", (f"It {word}.", *decision.reasons))


def _data(facts: ModelFacts) -> Section:
    shape = " x ".join(map(str, facts.shape))
    return Section(
        "Data",
        (
            f"Pictures of {shape}. Trained and marked on the owner's part; a thief of the tests below had the "
            "attacker's part only; what is measured is measured on the test part, on which nobody trained.",
        ),
        ("part", "pictures"), tuple((part, str(count)) for part, count in facts.pictures.items()),
    )  # fmt: skip


def _fidelity(report: Report) -> Section:
    rows = tuple((FIDELITY.get(name, name), figure(value, DIGITS)) for name, value in report.fidelity.items())
    return Section("What the mark costs", (), ("measured on the test part", "figure"), rows)


def _mark(report: Report) -> Section:
    columns = kind_called(report.kind).columns
    headings = ("suspect", "recognised", "expected", "score", "needed", "p-value", *columns)
    rows = tuple(_row(row, tuple(columns.values())) for row in report.rows)
    return Section("Who is recognised", (wording.answer(report).unescape(),), headings, rows)


def _row(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    verdict = row.verdict
    return (
        row.label, "yes" if verdict["marked"] else "no", wording.EXPECTED[row.expected],
        figure(verdict["score"], 3), figure(verdict["threshold"], 3), f"{verdict['p_value']:.1e}",
        *(figure(getattr(row, name), 3) for name in columns),
    )  # fmt: skip


def _limits(report: Report) -> Section:
    beaten = wording.defeats(report)
    lost = (
        f"After these attacks the model is not recognised: {', '.join(beaten)}."
        if beaten
        else "None of the attacks that were tried defeats the mark."
    )
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    return Section(
        "Limits",
        (
            lost,
            "Attacks that are not in the table were not tried. A p-value is the chance of such a score for a model "
            "that is independent of the key; it is not the probability of theft.",
            "When the key was made is shown by a commitment before the release, not by this card.",
            f"Measured with {versions}.",
        ),
    )


def write_card(directory: Path, facts: ModelFacts, report: Report, decision: Decision) -> tuple[Path, Path]:
    """Writes `card.md` and `card.html`, each whole or not at all.

    Args:
      directory: where they go.
      facts: of the model.
      report: what was measured on it.
      decision: by the release policy.

    Returns:
      Both files.
    """
    found = sections(facts, report, decision)
    parts = [f"# Model card: {facts.name}", *(part for section in found for part in _as_markdown(section))]
    return write_page(directory / "card.md", parts), _write_html(directory / "card.html", facts, found)


def _as_markdown(section: Section) -> list[str]:
    rows = [table(section.headings, section.rows)] if section.rows else []
    return [f"## {section.heading}", *section.sentences, *rows]


def _write_html(path: Path, facts: ModelFacts, found: list[Section]) -> Path:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Autoescape: labels come from file names and settings that others wrote.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    text = environment.get_template("card.html.jinja").render(name=facts.name, sections=found)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        temporary.chmod(0o644)
    return path
