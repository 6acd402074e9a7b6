"""What an endpoint's outputs may be, told by their names and shapes."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.suspects.answers import ANSWERS, IMAGES, SCORES, possible_answers


@pytest.mark.parametrize(
    "outputs, expected",
    [
        (["image"], (IMAGES,)),
        (["scores"], (SCORES,)),
        (["labels", "scores"], (SCORES,)),
        (["scores", "image"], (IMAGES,)),
        (["output_0"], ANSWERS),
        ([], ()),
        (["a", "b"], ()),
    ],
)
def test_names_tell_what_outputs_may_be(outputs: list[str], expected: tuple) -> None:
    assert possible_answers(outputs) == expected


def test_an_answer_is_one_float_entry_for_each_image() -> None:
    pictures, scores = np.zeros((2, 8, 6, 3), np.float32), np.zeros((2, 5), np.float16)
    assert IMAGES.fits(pictures, 2)
    assert SCORES.fits(scores, 2)
    for answer, array, count in [
        (IMAGES, scores, 2), (SCORES, pictures, 2), (IMAGES, pictures, 3), (SCORES, scores.astype(int), 2),
        (SCORES, np.float32(1.0), 1),
    ]:  # fmt: skip
        assert not answer.fits(array, count)
