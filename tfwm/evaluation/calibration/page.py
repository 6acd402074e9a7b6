"""A calibration as a Markdown page."""

from __future__ import annotations

from pathlib import Path

from tfwm.evaluation.calibration.document import SIGNIFICANCE, Calibration, Sample
from tfwm.evaluation.calibration.ranks import fewest_faulty
from tfwm.evaluation.calibration.uniform import CONFIDENCE, LEVELS, Count
from tfwm.evaluation.markdown import figure, table, write_page

HOW = (
    "Nobody of these suspects carries the mark of the key that asked for it, so an honest p-value is at most x with a "
    "chance of at most x. Each cell says how many were, as a share with the exact 95 % interval (Clopper and Pearson). "
    "Scores are counts, so p jumps, and between its jumps it is larger than a uniform number: that is allowed, and "
    "makes shares smaller than the level. Only too many small p-values are a fault. Wrong keys are drawn each for "
    "itself, so their counts are held against the exact binomial tail, and their distribution against Kolmogorov and "
    "Smirnov's one-sided distance. Models that are asked with one and the same key share what is easy in it: for these "
    "only Markov's bound holds, which is weak, and nothing stronger would be true."
)

HOW_RANKS = (
    "Nobody of these suspects carries the mark. p is a rank among the control models of the key: one more than the "
    "controls that score at least as high, over one more than all controls. What is uniform is the rank of a model "
    "among models made as it is, and keys are not: the controls answered the owner's questions, so wrong keys would "
    "say nothing and none was asked. If the independent models are exchangeable with the controls, every order of all "
    "their scores is equally likely, whatever the key is. So the counts are held against the negative hypergeometric "
    "law, and the ranks against Smirnov's one-sided distance of two samples; both are exact. Each cell says how many "
    "ranks were at most a level, as a share with the exact 95 % interval (Clopper and Pearson) of the rate at which "
    "this very key, with its very controls, gives such ranks to models drawn like these. It is a statement about "
    "models and about one key: the controls of another key may lie higher or lower."
)


def write_calibration_page(calibration: Calibration, path: str | Path, picture: str) -> Path:
    """Writes the page.

    Args:
      calibration: what was measured.
      path: of the Markdown file.
      picture: name of the picture beside it.
    """
    headings = ("p-values", "n", *(f"at most {level:g}" for level in LEVELS), "claims", "excess", "p of the test",
                "log10 of the smallest")  # fmt: skip
    versions = ", ".join(f"{name} {version}" for name, version in calibration.versions.items())
    return write_page(path, [
        f"# Is p honest? {calibration.scheme}",
        _answer(calibration),
        f"The null hypothesis: {calibration.null}.",
        *([] if calibration.exact else [_RANKED]),
        f"![shares of p-values against uniform ones]({picture})",
        table(headings, [_row(sample) for sample in calibration.samples]),
        HOW_RANKS if calibration.controls else HOW,
        _claims(calibration),
        *_power(calibration),
        *_marked(calibration),
        f"Independent models: {', '.join(calibration.models) or 'none'}.",
        f"Key {calibration.fingerprint}; seed {calibration.seed}; {_effort(calibration)}; "
        f"{calibration.seconds:,.0f} s of asking; {versions}.",
    ])  # fmt: skip


def _effort(calibration: Calibration) -> str:
    if calibration.controls:
        return f"{calibration.controls} controls in the key"
    return f"{calibration.keys:,} wrong keys, {calibration.images:,} images to each model for all of them"


def _power(calibration: Calibration) -> list[str]:
    """What ranks of so few models can show at all."""
    if not calibration.controls:
        return []
    (sample,), level = calibration.samples, calibration.alpha / calibration.looks
    n, found = sample.test.n, sample.test.claims
    fewest = fewest_faulty(n, level, calibration.controls, SIGNIFICANCE / calibration.tests)
    shows = f"it would take {fewest}" if fewest <= n else "even all of them would not do"
    return [
        f"What this shows: {found.hits} of {n} models that never saw the key have p of at most {level:.3g}; honest "
        f"ranks give {n * level:.2g} at most on average. To be a fault by this count alone {shows}."
    ]


def _marked(calibration: Calibration) -> list[str]:
    """What the owner's key says of his own model, so that nobody takes a deaf key for an honest one."""
    found = [f"{name} {figure(log10_p, 2)}" for name, log10_p in calibration.marked.items()]
    return [f"With the owner's key, log10 p: {'; '.join(found)}."] if found else []


_RANKED = (
    "This p-value is a rank among models that the key's owner chose. What stands here holds for the models below and "
    "no others: it is no evidence without somebody else's models."
)


def _answer(calibration: Calibration) -> str:
    many = f"{calibration.tests} tests at {SIGNIFICANCE:g} together"
    if calibration.honest and calibration.warnings:
        return "\n".join([f"**Not shown** ({many}).", *(f"* {warning}." for warning in calibration.warnings)])
    if calibration.honest:
        return f"**Yes**: none of these p-values is smaller than uniform ones would be ({many})."
    return "\n".join([f"**No**: p is too small ({many}).", *(f"* {fault}" for fault in calibration.faults)])


def _row(sample: Sample) -> tuple[str, ...]:
    test = sample.test
    excess = "–" if test.distance_p_value is None else f"{test.distance:.4f}"
    return (
        sample.name, f"{test.n:,}", *map(_share, test.counts), excess, f"{min(test.p_values):.2g}",
        figure(test.smallest, 2),
    )  # fmt: skip


def _share(count: Count) -> str:
    return f"{count.hits:,} ({count.low:.3g} to {count.high:.3g})"


def _claims(calibration: Calibration) -> str:
    """The false-claim rate at the key's own level."""
    level = calibration.alpha / calibration.looks
    found = [f"{sample.name}: {sample.test.claims.hits} of {sample.test.n:,}, so at most "
             f"{sample.test.claims.high:.2g}" for sample in _shown(calibration)]  # fmt: skip
    return (
        f"Claims at the key's own level ({level:.3g}): {'; '.join(found)}; the bounds are the upper ends of the exact "
        f"{CONFIDENCE:.0%} intervals of the false-claim rate."
    )


def _shown(calibration: Calibration) -> list[Sample]:
    """The first and the last sample: one on which a mark is, and one of all models."""
    return (
        list(calibration.samples) if len(calibration.samples) < 3 else [calibration.samples[0], calibration.samples[-1]]
    )
