"""The pictures of a report page: a few test patches, and what the extractor finds in each suspect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfwm.evaluation.page import ExtractedMark, Photo, Pictures
from tfwm.suspects import KerasSuspect, as_float
from tfwm.types import ImagePairs

if TYPE_CHECKING:
    from tfwm.evaluation.battery import Subjects
    from tfwm.evaluation.report import Report
    from tfwm.types import Suspect

PHOTOS = 3


def pictures_of(report: Report, subjects: Subjects) -> Pictures:
    """For every suspect whose network is at hand; a scheme that cannot be read has photographs only.

    Of a classifier there is what it answers to the samples, but neither these nor the logo in them, which are secret.
    """
    marks, test = _marks(report, subjects), subjects.test
    if not isinstance(test, ImagePairs):
        return Pictures(marks=marks)
    logo = subjects.key.arrays.get("logo")
    return Pictures(_photos(subjects, test), marks, None if logo is None else as_float(logo))


def _photos(subjects: Subjects, test: ImagePairs) -> tuple[Photo, ...]:
    inputs = as_float(test.inputs[:PHOTOS])
    unmarked, marked = (suspect(inputs).clip(0, 1) for suspect in (subjects.host, subjects.marked))
    return tuple(Photo(f"Test picture {i + 1}", inputs[i], unmarked[i], marked[i]) for i in range(len(inputs)))


def _marks(report: Report, subjects: Subjects) -> tuple[ExtractedMark, ...]:
    if not hasattr(subjects.scheme, "reading"):
        return ()
    found = []
    for row in report.rows:
        suspect = _suspect(row.label, row.model_path, subjects)
        if suspect is not None and (mark := _mark(row.label, suspect, subjects)):
            found.append(mark)
    return tuple(found)


def _suspect(label: str, model_path: str, subjects: Subjects) -> Suspect | None:
    from tfwm.commands.opening import load_network
    from tfwm.evaluation.cells import UNATTACKED, UNMARKED_HOST

    if model_path:
        return KerasSuspect(label, load_network(model_path))
    return {UNATTACKED: subjects.marked, UNMARKED_HOST: subjects.host}.get(label)


def _mark(label: str, suspect: Suspect, subjects: Subjects) -> ExtractedMark | None:
    reading = subjects.scheme.reading(suspect, subjects.key)
    logo, agreement = reading.get("logo"), reading.get("agreement")
    return None if logo is None and agreement is None else ExtractedMark(label, logo, agreement)
