"""The pictures of a report page: a few test patches, and what the extractor finds in each suspect."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfwm.evaluation.battery import Subjects
from tfwm.evaluation.cells import UNATTACKED, UNMARKED_HOST
from tfwm.evaluation.page import ExtractedMark, Photo, Pictures
from tfwm.evaluation.report import Report
from tfwm.keys import OwnerKey
from tfwm.kinds import PerKind
from tfwm.networks import load_network
from tfwm.suspects import KerasSuspect, as_float
from tfwm.types import Scheme, Suspect

PHOTOS = 3


def pictures_of(report: Report, subjects: Subjects) -> Pictures:
    """Photographs of the test part, and what is read from every suspect whose network is at hand.

    Args:
      report: names the suspects, and the files of attacked networks.
      subjects: what was evaluated.
    """
    marks = []
    for row in report.rows:
        suspect = _suspect(row.label, row.model_path, subjects)
        if suspect is None:
            continue
        mark = extracted_mark(row.label, suspect, subjects.scheme, subjects.key)
        if mark is not None:
            marks.append(mark)
    photos, logo = _SHOWN[subjects.kind.name](subjects)
    return Pictures(photos, tuple(marks), logo)


def extracted_mark(label: str, suspect: Suspect, scheme: Scheme, key: OwnerKey) -> ExtractedMark | None:
    """What a page shows of one suspect's mark; None where the scheme reads nothing that can be shown.

    Args:
      label: of the report's row.
      suspect: is asked with the key.
      scheme: that made the key.
      key: the owner's.
    """
    reading = scheme.reading(suspect, key)
    if "logo" not in reading and "agreement" not in reading:
        return None
    return ExtractedMark(label, reading.get("logo"), reading.get("agreement"))


def _suspect(label: str, model_path: str, subjects: Subjects) -> Suspect | None:
    if model_path:
        return KerasSuspect(label, load_network(model_path))
    return {UNATTACKED: subjects.marked, UNMARKED_HOST: subjects.host}.get(label)


def _photographs(subjects: Subjects) -> tuple[tuple[Photo, ...], np.ndarray | None]:
    inputs = as_float(subjects.kind.images(subjects.test)[:PHOTOS])
    unmarked, marked = (suspect(inputs).clip(0, 1) for suspect in (subjects.host, subjects.marked))
    photos = tuple(Photo(f"Test picture {i + 1}", inputs[i], unmarked[i], marked[i]) for i in range(len(inputs)))
    logo = subjects.key.arrays.get("logo")
    return photos, None if logo is None else as_float(logo)


def _nothing(subjects: Subjects) -> tuple[tuple[Photo, ...], np.ndarray | None]:
    """A classifier answers with no picture, and the logo in its key samples is as secret as these."""
    return (), None


_SHOWN: PerKind[Callable[[Subjects], tuple[tuple[Photo, ...], np.ndarray | None]]] = PerKind(
    "photographs and logo of a report", restoration=_photographs, classification=_nothing
)
