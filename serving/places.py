"""A name for a folder that TensorFlow reads as it is: without what it takes for a pattern, and in UTF-8."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PATTERNS = frozenset("*?[]\\")


class PlainPlace:
    """A folder, or a link to it as long as this is open.

    Args:
      path: of a folder on this machine, or of one elsewhere (`gs://...`), which stays as it is.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._links: tempfile.TemporaryDirectory[str] | None = None
        is_plain = not set(path) & PATTERNS and os.fsencode(path) == path.encode("utf-8", "replace")
        if not is_plain and "://" not in path:
            self._links = tempfile.TemporaryDirectory(prefix="tfwm-serving.")
            link = Path(self._links.name) / "models"
            link.symlink_to(Path(path).absolute())
            self.path = str(link)

    def close(self) -> None:
        """Removes the link."""
        if self._links is not None:
            self._links.cleanup()
