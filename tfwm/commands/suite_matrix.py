"""`tfwm evaluate --suite full`: every scheme against every attack, with models that it trains itself."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands.result import DONE, NOT_VERIFIED, Result, say

if TYPE_CHECKING:
    from tfwm.evaluation.matrix.document import Matrix

OUT, CACHE = "results/matrix", "runs/matrix"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a suite.

    Args:
      parser: of the command `evaluate`.
    """
    option = parser.add_argument_group("a suite, without a model of yours").add_argument
    option("--suite", choices=("full",), help="every scheme against every attack that applies")
    option("--preset", choices=("tiny", "fast"), default="tiny", help="of the schemes: tiny (default; minutes) or fast")
    option("--schemes", nargs="+", metavar="NAME", help="only these (default: all)")
    option(
        "--suite-data",
        action="append",
        default=[],
        metavar="KIND=WHERE",
        help="your data for a kind of host, as restoration=photographs/ or classification=mnist.npz; repeatable",
    )
    option("--cache", default=CACHE, metavar="FOLDER", help=f"for models and finished cells (default {CACHE}); private")


def run(arguments: argparse.Namespace) -> Result:
    """Measures the matrix and writes it as Markdown, JSON and a picture.

    Raises:
      ValueError: an option that is for one model, an unknown scheme or kind of host.
    """
    _check_given(arguments)
    names, sources = _schemes(arguments.schemes), _sources(arguments.suite_data)
    from tfwm.commands import opening
    from tfwm.evaluation.matrix.heatmap import write_heatmap
    from tfwm.evaluation.matrix.measure import measure_matrix
    from tfwm.evaluation.matrix.page import write_matrix_page
    from tfwm.evaluation.matrix.suite import suite_called

    cache = Path(arguments.cache) / f"{arguments.preset}-{arguments.seed}"
    machine = opening.run_of(arguments, cache)
    matrix = measure_matrix(names, suite_called(arguments.preset), machine, sources, say)
    out = Path(arguments.out or OUT)
    write_heatmap(matrix, out / "matrix.png")
    write_matrix_page(matrix, out / "matrix.md", "matrix.png", _command(arguments))
    matrix.save(out / "matrix.json")
    return result_of(matrix, out)


def result_of(matrix: Matrix, out: Path) -> Result:
    """What was found in a few figures; exit code 1 where there are false claims or failed cells.

    Args:
      matrix: what was measured.
      out: the folder that holds it.
    """
    from tfwm.evaluation.report import aligned

    rows: list[dict[str, Any]] = []
    lines: list[tuple[str, ...]] = []
    for line in matrix.lines:
        attacks = [entry for entry in line.of_group("attack") if not entry.error]
        survived, wrong = sum(bool(e.marked) for e in attacks), sum(e.false_claim for e in line.controls)
        broken = sum(bool(entry.error) for entry in line.entries)
        lines.append((line.scheme, f"{survived}/{len(attacks)}", f"{wrong}/{len(line.controls)}", str(broken)))
        rows.append({"scheme": line.scheme, "attacks": len(attacks), "survived": survived, "controls":
                     len(line.controls), "false_claims": wrong, "failed": broken})  # fmt: skip
    table = aligned(("scheme", "survives", "false claims", "failed"), lines)
    document: dict[str, Any] = {
        "schemes": rows, "false_claims": len(matrix.false_claims), "failed": len(matrix.errors),
        "page": str(out / "matrix.md"), "matrix": str(out / "matrix.json"), "picture": str(out / "matrix.png"),
    }  # fmt: skip
    whole = not matrix.false_claims and not matrix.errors
    return Result(f"{table}\n\nThe matrix: {out / 'matrix.md'}", document, DONE if whole else NOT_VERIFIED)


def _check_given(arguments: argparse.Namespace) -> None:
    names = ("model", "host", "key", "policy", "attacks", "data")
    given = [f"--{name}" for name in names if getattr(arguments, name) is not None]
    if given:
        raise ValueError(
            f"`--suite` trains all that it needs, got {', '.join(given)} too. Leave them out; data go in --suite-data."
        )


def _schemes(names: list[str] | None) -> list[str]:
    from tfwm.config import choose
    from tfwm.schemes import SCHEMES

    for name in names or ():
        choose("scheme", name, SCHEMES)
    return list(dict.fromkeys(names or SCHEMES))


def _sources(texts: list[str]) -> dict[str, str]:
    from tfwm.config import choose
    from tfwm.kinds import KINDS

    sources = {}
    for text in texts:
        kind, equals, where = text.partition("=")
        if not equals or not where:
            raise ValueError(f"`--suite-data` must be KIND=WHERE, got {text!r}. Write classification=mnist.npz.")
        choose("kind of host", kind, dict.fromkeys(KINDS))
        sources[kind] = where
    return sources


def _command(arguments: argparse.Namespace) -> str:
    words = ["tfwm evaluate --suite full", f"--preset {arguments.preset}", f"--seed {arguments.seed}"]
    words += [f"--schemes {' '.join(arguments.schemes)}"] if arguments.schemes else []
    for text in arguments.suite_data:  # where somebody's data lie is his own affair
        kind, _, where = text.partition("=")
        words.append(f"--suite-data {kind}={Path(where).name}")
    return " ".join(words)
