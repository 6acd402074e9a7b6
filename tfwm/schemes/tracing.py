"""Which of several releases a stolen copy came from.

A release is the same model with another key: other networks are not trained for it. Every key is asked, and each may be
right by chance, so p is multiplied by their number before it is compared.

    made = {name: scheme.train(host, data, run) for name in ("Europe", "Asia")}
    found = traced(suspect, {name: one.key for name, one in made.items()})
    found.releases  # ("Asia",), or none, or several: of a copy that was trained on the answers of both
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfwm.digests import array_digest
from tfwm.keys import OwnerKey
from tfwm.schemes import scheme_of
from tfwm.types import Access, Suspect, Verdict


@dataclass(frozen=True)
class Trace:
    """The verdict of each release's key.

    Args:
      verdicts: by name of the release; `looks` of each is how many were tried.
    """

    verdicts: Mapping[str, Verdict]

    @property
    def releases(self) -> tuple[str, ...]:
        """Those that are verified after the correction, the most certain first."""
        found = {name: verdict for name, verdict in self.verdicts.items() if verdict.marked}
        return tuple(sorted(found, key=lambda name: (found[name].log10_p, -found[name].score)))

    @property
    def release(self) -> str | None:
        """The most certain one; None where no release is verified."""
        return self.releases[0] if self.releases else None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: `releases`, and every verdict by name."""
        verdicts = {name: verdict.as_dict() for name, verdict in self.verdicts.items()}
        return {"releases": list(self.releases), "verdicts": verdicts}


@dataclass(frozen=True)
class _Asked:
    """A suspect that is asked each question once: keys of one training have the same probe images."""

    suspect: Suspect
    answers: dict[bytes, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return self.suspect.name

    @property
    def access(self) -> Access:
        return self.suspect.access

    def __call__(self, images: np.ndarray) -> np.ndarray:
        digest = array_digest(np.asarray(images))
        if digest not in self.answers:
            self.answers[digest] = self.suspect(images)
        return self.answers[digest]


def traced(suspect: Suspect, keys: Mapping[str, OwnerKey], *, alpha: float | None = None) -> Trace:
    """Asks a suspect for every release.

    Args:
      suspect: anything that may be a copy of one of them; it is sent each set of probe images once.
      keys: by name of the release; all keys that there are, for p is corrected for those alone.
      alpha: false-claim probability over all of them; None takes that of each key.

    Raises:
      ValueError: no key, one key twice, an `alpha` that a key cannot reach after the correction, or answers that
        cannot be judged.
    """
    if not keys:
        raise ValueError("`keys` must hold at least one release's key, got none.")
    fingerprints = {name: key.fingerprint for name, key in keys.items()}
    if len(set(fingerprints.values())) < len(keys):
        raise ValueError(
            f"`keys` must be of different releases, got {fingerprints}. A release needs a secret of its own: leave "
            "`secret` out where it is trained."
        )
    asked, verdicts = _Asked(suspect), {}
    for name, key in keys.items():
        scheme = scheme_of(key)
        accepted = scheme.alpha if alpha is None else alpha
        verdict = scheme.verify(asked, key, alpha=accepted / len(keys))
        verdicts[name] = replace(verdict, alpha=accepted, looks=len(keys))
    return Trace(verdicts)
