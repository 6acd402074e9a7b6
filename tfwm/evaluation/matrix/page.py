"""The matrix as a Markdown page: what survived, how surely, and what the attack cost the thief."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tfwm.evaluation.markdown import figure, table, write_page
from tfwm.evaluation.matrix.document import TRAINING, Entry, Line, Matrix, labels, own_figure
from tfwm.evaluation.matrix.suite import shown_label
from tfwm.kinds import KINDS, PerKind, kind_called

HOW_TO_READ = (
    "Each column is a scheme with one marked model, each row what a thief did to it. **yes** means that the mark was "
    "still found at the scheme's alpha, with log10 of the p-value behind it: −6 is one in a million. That alpha is for "
    "a key that was fixed before the suspect was seen; `tfwm verify` multiplies p by 2^40 where nobody can tell when a "
    "key was made. A dash is an attack that this scheme was not tried with, and *failed* a cell that could not be "
    "measured."
)
TINY = (
    "**The preset is tiny**: hosts of fewer than 200,000 weights on pictures of 16 to 32 pixels, marks of 16 bits "
    "or 20 samples, and thieves who train for seconds. It shows that every cell runs, and which "
    "attacks reach which mark at all; whoever chooses a scheme by it should repeat it with `--preset fast` and data of "
    "his own."
)


@dataclass(frozen=True)
class Unit:
    """How a kind's own figure is printed.

    Args:
      name: behind a figure.
      difference: behind the difference of two.
      scale: of the figure that a row holds to the one that is printed.
    """

    name: str
    difference: str
    scale: float = 1.0


UNITS = PerKind("unit of a host's own task", restoration=Unit("dB", "dB"), classification=Unit("%", "points", 100.0))


def write_matrix_page(matrix: Matrix, path: str | Path, picture: str, command: str) -> Path:
    """Writes the page.

    Args:
      matrix: what was measured.
      path: of the Markdown file.
      picture: name of the heat map beside it.
      command: that measures it again.
    """
    parts = ["# Every scheme against every attack", _sentence(matrix), TINY if matrix.preset == "tiny" else ""]
    parts += [HOW_TO_READ, f"![log10 p of every scheme after every attack]({picture})"]
    parts += ["## The schemes", _summary(matrix)]
    for kind in KINDS:
        parts += _of_kind([line for line in matrix.lines if line.kind == kind], kind)
    parts += _problems(matrix)
    versions = ", ".join(f"{name} {version}" for name, version in matrix.versions.items())
    parts.append(f"Seed {matrix.seed}; {matrix.seconds:,.0f} s of training, attacks and verification; {versions}.\n"
                 f"Again: `{command}`")  # fmt: skip
    return write_page(path, parts)


def _sentence(matrix: Matrix) -> str:
    controls = sum(len(line.controls) for line in matrix.lines)
    attacks = [entry for line in matrix.lines for entry in line.of_group("attack") if not entry.error]
    survived = sum(bool(entry.marked) for entry in attacks)
    return (
        f"{len(matrix.lines)} schemes, {len(attacks)} attacked copies: the mark is found in {survived} of them. "
        f"{controls} controls (unmarked hosts, copies of them, wrong keys, suspects that know nothing): "
        f"{len(matrix.false_claims)} false claims. {len(matrix.errors)} cells failed."
    )


def _summary(matrix: Matrix) -> str:
    headings = ("scheme", "host", "host's task", "without mark", "with mark", "alpha", "log10 p, no attack",
                "survives", "false claims", "training, s")  # fmt: skip
    return table(headings, [_summarised(line) for line in matrix.lines])


def _summarised(line: Line) -> tuple[str, ...]:
    attacks = [entry for entry in line.of_group("attack") if not entry.error]
    itself = next(iter(line.of_group("unattacked")), None)
    before, after = (line.fidelity.get(name) for name in kind_called(line.kind).task_figures)
    if line.of_group(TRAINING):
        return (line.scheme, "failed", *["–"] * 8)
    return (
        line.scheme, line.host, own_figure(line.kind)[0], _own(before, line.kind), _own(after, line.kind),
        f"{line.alpha:g}", "failed" if itself is None else _found(itself),
        f"{sum(bool(entry.marked) for entry in attacks)} of {len(attacks)}",
        f"{sum(entry.false_claim for entry in line.controls)} of {len(line.controls)}", f"{line.train_s:.0f}",
    )  # fmt: skip


def _of_kind(lines: Sequence[Line], kind: str) -> list[str]:
    if not lines:
        return []
    heading, unit = own_figure(kind)[0], UNITS[kind]
    names = [line.scheme for line in lines]
    rows = labels(lines)
    return [
        f"## {kind_called(kind).models.capitalize()}",
        _images(lines),
        table(("attack", *names), [(label, *(_found(line.at(label)) for line in lines)) for label in rows]),
        f"What each attack cost: {heading} that the thief's copy lost against the marked model, in {unit.difference} "
        "(a minus is a gain), and the seconds until he held it; what is done to each request or answer takes no time "
        "before.",
        table(
            ("attack", *names, "seconds, median"),
            [(label, *(_cost(line.at(label), unit) for line in lines), _seconds(lines, label)) for label in rows],
        ),
        "The controls, which must not be taken for the owner's:",
        table(
            ("control", *names),
            [(label, *(_found(line.at(label)) for line in lines))
             for group in ("control", "wrong key", "trivial") for label in labels(lines, group)],
        ),
    ]  # fmt: skip


def _images(lines: Sequence[Line]) -> str:
    """What everybody learnt from, where it is the same for all schemes of the kind."""
    counts = {tuple(line.images.get(part) for part in ("owner", "attacker", "test")) for line in lines if line.images}
    if len(counts) != 1:
        return ""
    owner, thief, test = next(iter(counts))
    return f"Trained on {owner} images of the owner's; the thief has {thief} of his own; measured on {test} others."


def _problems(matrix: Matrix) -> Iterator[str]:
    if matrix.errors:
        yield "## Cells that failed"
        lines = [(line.scheme, shown_label(entry.label, line.scheme), entry.error) for line, entry in matrix.errors]
        yield table(("scheme", "cell", "error"), lines)


def _found(entry: Entry | None) -> str:
    if entry is None:
        return "–"
    if entry.error:
        return "*failed*"
    return f"{'**yes**' if entry.marked else 'no'} {figure(entry.log10_p)}"


def _own(value: float | None, kind: str) -> str:
    """A figure of the host's own task."""
    if value is None:
        return "–"
    return f"{figure(UNITS[kind].scale * value)} {UNITS[kind].name}"


def _cost(entry: Entry | None, unit: Unit) -> str:
    return "–" if entry is None or entry.cost is None else figure(unit.scale * entry.cost)


def _seconds(lines: Sequence[Line], label: str) -> str:
    found = [line.at(label) for line in lines]
    return figure(median([entry.attack_s for entry in found if entry is not None and not entry.error] or [0.0]))
