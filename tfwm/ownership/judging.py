"""The judge asks: controls first, then the suspect, and weighs the answers.

Evidence of the exact schemes has p-values that hold for every model which knows nothing of the key. That is tested on
the judge's own controls: on an honest key one of them has a p-value below `CONTROL_LEVEL / m` with a chance of at most
`CONTROL_LEVEL`. Evidence that fires on a control is refused, and the suspect is not asked.

Evidence of the other schemes rests on models alone. Its p is the rank of the suspect among the judge's own controls,
(1 + how many of m score as high) / (m + 1), whatever the owner's key says of his.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import tensorflow as tf

from tfwm.evidence import statistics
from tfwm.evidence.claims import Standing
from tfwm.kinds import PerKind
from tfwm.ownership.ledger import choices
from tfwm.ownership.reading import Evidence, InvalidEvidenceError
from tfwm.ownership.transcript import Transcript
from tfwm.suspects import judged
from tfwm.suspects.trivial import constant, constant_class, echo, hashed_class, random_scores, uniform_noise
from tfwm.types import Access, Scheme, Suspect, Verdict

CONTROL_LEVEL = 1e-3
_ANY = 1 - 1e-9  # a level that every answer reaches: the figures are wanted, not the verdict

IGNORANT: PerKind[Callable[[Scheme], Sequence[Suspect]]] = PerKind(
    "controls that know nothing",
    restoration=lambda scheme: (constant(), echo(), uniform_noise(seed=0)),
    classification=lambda scheme: (
        constant_class(0, cast(Any, scheme).classes), random_scores(cast(Any, scheme).classes, seed=0),
        hashed_class(cast(Any, scheme).classes, seed=0),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Witnessed:
    """A suspect whose every answer is written into the transcript.

    Args:
      suspect: anybody's.
      role: `suspect` or `control`.
      transcript: takes digests of what was asked and answered.
    """

    suspect: Suspect
    role: str
    transcript: Transcript

    @property
    def name(self) -> str:
        return self.suspect.name

    @property
    def access(self) -> Access:
        """Answers are all that a judge looks at."""
        return min(self.suspect.access, Access.QUERIES)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        facts: dict[str, Any] = {"role": self.role, "name": self.name, "request": _digest(images)}
        try:
            answers = np.asarray(self.suspect(images))
        except Exception as error:
            self.transcript.add("no-answer", **facts, error=type(error).__name__)
            raise
        facts["response"], facts["versions"] = _digest(answers), sorted(getattr(self.suspect, "versions", ()))
        self.transcript.add("answer", **facts)
        return answers


@dataclass(frozen=True)
class Answered:
    """What a control's answers are worth.

    Args:
      name: of the control.
      log10_p: of its own p-value; of evidence that rests on models alone this means nothing.
      score: as the suspect's.
    """

    name: str
    log10_p: float
    score: float


@dataclass(frozen=True)
class Judgement:
    """What a bundle shows of a suspect.

    Args:
      verified: whether the claim holds at `alpha`, over all looks and tries.
      log10_p: of the p-value of this one question.
      log10_claim: the same times looks and tries, at most 0.
      alpha: false-claim probability that the judge accepts, over all of it.
      looks: blocks that could have been chosen among, in all bundles that were judged together.
      standing: when the key was fixed, as far as that can be shown.
      null: the hypothesis that p rests on.
      verdict: the scheme's own.
      controls: in the order in which they were asked.
    """

    verified: bool
    log10_p: float
    log10_claim: float
    alpha: float
    looks: int
    standing: Standing
    null: str
    verdict: Verdict
    controls: tuple[Answered, ...]


def judge(
    evidence: Evidence, suspect: Suspect, controls: Sequence[Suspect], standing: Standing, alpha: float,
    transcript: Transcript, *, among: int = 1,
) -> Judgement:  # fmt: skip
    """Asks the controls, and then the suspect.

    Args:
      evidence: that was read and checked.
      suspect: anybody's.
      controls: models that have nothing to do with the owner, at least one.
      standing: of the evidence.
      alpha: false-claim probability, in (0, 1).
      transcript: takes every question.
      among: how many bundles are judged together: each is one more look.

    Raises:
      InvalidEvidenceError: `fires-on-controls`, or `unaskable`.
      UnreachableError: the suspect does not answer, or is an endpoint whose answers cannot be judged.
      ValueError: no control, a suspect or a control of another task, or an `alpha` that is out of reach.
    """
    if not controls:
        raise ValueError("`--controls` must hold at least one model that has nothing to do with the owner, got none.")
    _check_askable(evidence)
    # Pieces that are shown all or not at all leave nothing to choose.
    looks = among * (choices(evidence.opening.count) if evidence.scheme.divisible else 1)
    weigh = _weighed_exactly if evidence.scheme.exact else _ranked
    found = weigh(evidence, suspect, controls, standing, alpha, looks, transcript)
    transcript.add(
        "judgement", verified=found.verified, log10_p=found.log10_p, log10_claim=found.log10_claim, alpha=alpha,
        looks=looks, standing=standing.name, null=found.null,
    )  # fmt: skip
    return found


def _check_askable(evidence: Evidence) -> None:
    """Refuses evidence whose parts do not fit each other; a suspect of the judge's own making finds out."""
    nobody = IGNORANT[evidence.scheme.kind](evidence.scheme)[0]
    try:
        evidence.scheme.verify(nobody, evidence.key, alpha=_ANY)
    except (ValueError, LookupError, TypeError, ArithmeticError, tf.errors.OpError) as error:
        raise InvalidEvidenceError("unaskable", f"nobody can be asked with this evidence: {error}") from error


def _weighed_exactly(
    evidence: Evidence, suspect: Suspect, controls: Sequence[Suspect], standing: Standing, alpha: float, looks: int,
    transcript: Transcript,
) -> Judgement:  # fmt: skip
    scheme, level = evidence.scheme, standing.level(alpha) / looks
    try:
        ignorant = [_asked(evidence, each, level, transcript) for each in IGNORANT[scheme.kind](scheme)]
    except ValueError as error:  # before anybody else is asked
        raise ValueError(
            f"`--alpha` {alpha:g} is asked for over {looks} looks and {standing.tries:.3g} tries: {error}"
        ) from error
    answered = (*ignorant, *(_asked_given(evidence, control, level, transcript) for control in controls))
    limit = math.log10(CONTROL_LEVEL / len(answered))
    firing = [control for control in answered if control.log10_p <= limit]
    if firing:
        raise InvalidEvidenceError(
            "fires-on-controls",
            f"the evidence also fires on {len(firing)} of {len(answered)} controls, which have nothing to do with its "
            f"owner: on `{firing[0].name}` with log10 p = {firing[0].log10_p:.2f}, where {limit:.2f} is the least that "
            "an honest key leads one to expect.",
        )
    with judged(suspect):
        verdict = scheme.verify(Witnessed(suspect, "suspect", transcript), evidence.key, alpha=level)
    log10_p = cast(float, verdict.log10_p)
    claim = standing.log10_claim(log10_p, looks * verdict.looks)
    return Judgement(
        verdict.marked, log10_p, claim, alpha, looks * verdict.looks, standing, verdict.null, verdict, answered
    )


def _ranked(
    evidence: Evidence, suspect: Suspect, controls: Sequence[Suspect], standing: Standing, alpha: float, looks: int,
    transcript: Transcript,
) -> Judgement:  # fmt: skip
    level, smallest = standing.level(alpha) / looks, statistics.smallest_rank_p_value(len(controls))
    if smallest > level:
        raise ValueError(
            f"`alpha` of {alpha:g} is out of reach: this evidence is a rank among the judge's {len(controls)} "
            f"controls, never below {smallest:.2g}, and it would have to be {level:.2g}. Give more controls, a larger "
            "alpha, or a key whose labels or bits come last."
        )
    answered = tuple(_asked_given(evidence, control, _ANY, transcript) for control in controls)
    with judged(suspect):
        verdict = evidence.scheme.verify(Witnessed(suspect, "suspect", transcript), evidence.key, alpha=_ANY)
    p_value = statistics.rank_p_value(_statistic(verdict), [control.score for control in answered])
    null = (
        f"the suspect is exchangeable with the judge's {len(controls)} controls: it scores no higher than they do (a "
        f"rank, never below 1/{len(controls) + 1})"
    )
    claim = standing.log10_claim(math.log10(p_value), looks)
    return Judgement(
        p_value <= level, math.log10(p_value), claim, alpha, looks, standing, null, verdict, answered
    )  # fmt: skip


def _asked_given(evidence: Evidence, control: Suspect, level: float, transcript: Transcript) -> Answered:
    try:
        return _asked(evidence, control, level, transcript)
    except ValueError as error:
        raise ValueError(f"`--controls`: `{control.name}` is no model of this task: {error}") from error


def _asked(evidence: Evidence, control: Suspect, level: float, transcript: Transcript) -> Answered:
    verdict = evidence.scheme.verify(Witnessed(control, "control", transcript), evidence.key, alpha=level)
    return Answered(control.name, cast(float, verdict.log10_p), _statistic(verdict))


def _statistic(verdict: Verdict) -> float:
    """What models are ranked by: of a logo the centred correlation, since a blank picture has a high plain one."""
    return verdict.details.get("nc_centred", verdict.score)


def _digest(array: np.ndarray) -> str:
    """SHA-256 over type, shape and bytes."""
    array = np.ascontiguousarray(array)
    head = f"{array.dtype.str} {list(array.shape)}\n".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()
