"""Tables in Markdown, and figures as pages print them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tfwm.files import replacing


def table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose other columns stand to the right.

    Args:
      headings: one a column.
      lines: of as many cells; a bar or a line break in one is made harmless.
    """
    rule = [":--", *["--:"] * (len(headings) - 1)]
    rows = [list(map(_in_cell, headings)), rule, *[list(map(_in_cell, line)) for line in lines]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def figure(value: float | None, digits: int = 1) -> str:
    """A number with so many digits behind the point, and a dash for None.

    Args:
      value: finite, or None.
      digits: behind the point.
    """
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def write_page(path: str | Path, parts: Sequence[str]) -> Path:
    """Writes paragraphs and tables as a page, whole or not at all.

    Args:
      path: of the file; an older one is replaced.
      parts: an empty line is put between them; empty ones are left out.

    Returns:
      `path`.
    """
    with replacing(path) as temporary:
        temporary.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
        temporary.chmod(0o644)
    return Path(path)


def _in_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
