"""What the tests of both papers on classifiers share: run an experiment at scale smoke and look at what it found."""

from __future__ import annotations

from tfwm.papers import Context, Findings
from tfwm.papers.engine.registry import chosen


def found_by(experiment: str, context: Context) -> Findings:
    """Runs one, twice: the second time everything comes from the cache, and is the same."""
    (known,) = chosen([experiment])
    findings = known.load()(context)
    assert known.load()(context).rows == findings.rows
    assert all(claim.why.endswith((".", "%")) for claim in findings.claims)
    return findings


def labels_of(findings: Findings) -> list[str]:
    return [row.label for row in findings.rows]
