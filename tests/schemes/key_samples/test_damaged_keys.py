"""Keys that lack a part, or hold one of another form, are refused with one kind of error, whoever asks what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from tensorflow import keras

from tests.schemes.key_samples.toy import LAST, STEGO, key_of, pictures
from tfwm.evidence.binding import pieces_of
from tfwm.keys import InvalidKeyError, OwnerKey, Pieces, new_secret
from tfwm.suspects import FunctionSuspect

SCHEME = replace(LAST, samples=20)
NOBODY = FunctionSuspect("nobody", lambda images: np.zeros((len(images), 4)))
OF_EACH = ("covers", "cover_classes", "cover_proofs")


@cache
def _key(pool: int = 60) -> OwnerKey:
    return key_of(SCHEME, pool=pictures(pool))


def _with(**arrays: np.ndarray) -> OwnerKey:
    return replace(_key(), arrays={**_key().arrays, **arrays})


def test_an_encoder_of_other_weights_is_refused() -> None:
    # With as many covers as samples no other ones can be drawn: the error is of the encoder.
    image = keras.Input((12, 12, 3))
    other = keras.Model(image, keras.layers.Conv2D(3, 1)(image))
    for network in (other, replace(SCHEME, encoder_filters=4).new_encoder(0), replace(STEGO, blocks=2).new_encoder(0)):
        with pytest.raises(InvalidKeyError, match="has other weights than its settings describe"):
            SCHEME.asked(replace(_key(20), networks={"encoder": network}))
    with pytest.raises(InvalidKeyError, match="must hold a network `encoder`, got"):
        SCHEME.asked(replace(_key(20), networks={"extractor": other}))
    with pytest.raises(InvalidKeyError, match="must hold a network `encoder`, got one that was never built"):
        SCHEME.asked(replace(_key(20), networks={"encoder": keras.Sequential([keras.layers.Dense(2)])}))


def test_an_encoder_that_makes_no_pictures_is_refused() -> None:
    encoder = SCHEME.new_encoder(0)
    encoder.set_weights([np.full_like(weight, np.nan) for weight in encoder.get_weights()])
    with pytest.raises(InvalidKeyError, match="the encoder of the key makes no pictures .* must be finite"):
        SCHEME.asked(replace(_key(20), networks={"encoder": encoder}))


def test_a_pool_smaller_than_the_samples_makes_no_key() -> None:
    with pytest.raises(InvalidKeyError, match="must hold at least 20 covers, one a sample, got 19"):
        key_of(SCHEME, pool=pictures(19))
    with pytest.raises(InvalidKeyError, match="must hold at least 20 covers, one a sample, got 3"):
        SCHEME.asked(_with(pool_size=np.array([3])))


ARRAYS = ("covers", "cover_classes", "cover_proofs", "pool_root", "pool_size", "logo")
FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "floats": lambda array: array.astype(np.float32),
    "wide": lambda array: array.astype(np.uint16),
    "texts": lambda array: array.astype(str),
    "logical": lambda array: array.astype(bool),
    "an axis more": lambda array: array[None],
    "an axis less": lambda array: array.ravel()[0],
    "nothing": lambda array: array[:0],
    "twice": lambda array: np.concatenate([array, array]),
}
FITTING = {("wide", "cover_classes")}  # classes are classes, however they are stored


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("form", [*FORMS, "missing"])
def test_arrays_of_another_form_are_refused(form: str, name: str) -> None:
    arrays = {other: array for other, array in _key().arrays.items() if other != name}
    if form != "missing":
        arrays[name] = FORMS[form](_key().arrays[name])
    changed = replace(_key(), arrays=arrays)
    if (form, name) in FITTING:
        np.testing.assert_array_equal(SCHEME.key_labels(changed), SCHEME.key_labels(_key()))
        return
    for ask in (SCHEME.asked, SCHEME.probe_images, SCHEME.null, lambda key: SCHEME.verify(NOBODY, key),
                lambda key: SCHEME.reading(NOBODY, key)):  # fmt: skip
        with pytest.raises(InvalidKeyError):
            ask(changed)


@pytest.mark.parametrize("size", [0, -1, -(2**63)])
def test_pools_of_no_size_are_refused(size: int) -> None:
    with pytest.raises(InvalidKeyError, match="the root and the size of their pool"):
        SCHEME.asked(_with(pool_size=np.array([size])))


def test_a_pool_of_any_size_is_looked_up_and_not_counted() -> None:
    with pytest.raises(InvalidKeyError, match="is not the one that its secret draws"):
        SCHEME.asked(_with(pool_size=np.array([2**63 - 1])))


@pytest.mark.parametrize("label", [-1, 4, 2**62])
def test_classes_that_do_not_exist_are_refused(label: int) -> None:
    classes = _key().arrays["cover_classes"].copy()
    classes[0] = label
    with pytest.raises(InvalidKeyError, match=r"a class in \[0, 3\]"):
        SCHEME.asked(_with(cover_classes=classes))


def test_pictures_of_another_size_than_the_settings_say_are_refused() -> None:
    for name in ("covers", "logo"):
        smaller = _key().arrays[name][..., :11, :]
        with pytest.raises(InvalidKeyError, match=rf"`{name}` of the key must be pictures uint8 \[12, 12, 3\].*12, 11"):
            SCHEME.asked(_with(**{name: smaller}))


@pytest.mark.parametrize(
    "changes",
    [{"samples": 10**12}, {"samples": 0}, {"samples": "many"}, {"classes": 1.5}, {"unknown": 1}, {"encoder": 3},
     {"host": {"epochs": 0}}, {"labels": "first"}, {"image_size": None}],
    ids=str,
)  # fmt: skip
def test_settings_that_are_none_of_the_keys_are_refused_at_once(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidKeyError):
        SCHEME.verify(NOBODY, replace(_key(), settings={**_key().settings, **changes}))


def _revealed(shown: list[int], pieces: Pieces | None = None) -> OwnerKey:
    """What a judge is given of some of the samples: no master secret, and the covers of those alone."""
    pieces = pieces or pieces_of(_key().secret, 20)
    part = Pieces(pieces.count, pieces.root, {piece: pieces.secrets[piece] for piece in shown})
    arrays = {**_key().arrays, **{name: _key().arrays[name][shown] for name in OF_EACH}}
    return replace(_key(), secret=bytes(32), arrays=arrays, revealed=part)


def test_some_samples_are_evidence_without_the_others() -> None:
    whole, shown = SCHEME.asked(_key()), [1, 4, 5, 19]
    key = _revealed(shown)
    asked = SCHEME.asked(key)
    np.testing.assert_array_equal(asked.images, whole.images[shown])
    np.testing.assert_array_equal(asked.labels, whole.labels[shown])
    verdict = SCHEME.verify(FunctionSuspect("marked", lambda images: np.eye(4)[asked.labels]), key, alpha=0.05)
    assert (verdict.n, verdict.p_value) == (4, pytest.approx(3.0**-4))
    assert verdict.marked


def test_pieces_that_do_not_fit_the_settings_are_refused() -> None:
    pieces = pieces_of(_key().secret, 20)
    for odd in (
        Pieces(19, pieces.root, {0: pieces.secrets[0]}),
        Pieces(20, pieces.root, {20: pieces.secrets[0]}),
        Pieces(20, pieces.root, {-1: pieces.secrets[0]}),
        Pieces(20, pieces.root, {}),
    ):
        arrays = {**_key().arrays, **{name: _key().arrays[name][: len(odd.secrets)] for name in OF_EACH}}
        with pytest.raises(InvalidKeyError, match="`pieces` must be some of 20, as the settings say"):
            SCHEME.asked(replace(_key(), arrays=arrays, revealed=odd))


def test_pieces_of_another_secret_draw_other_covers() -> None:
    with pytest.raises(InvalidKeyError, match="is not the one that its secret draws"):
        SCHEME.asked(_revealed(list(range(20)), pieces_of(new_secret(99), 20)))


def test_covers_that_are_not_those_of_the_revealed_pieces_are_refused() -> None:
    key = _revealed([1, 4])
    arrays = {**key.arrays, **{name: _key().arrays[name][[1, 5]] for name in OF_EACH}}
    with pytest.raises(InvalidKeyError, match="cover 1 of the key is not the one that its secret draws"):
        SCHEME.asked(replace(key, arrays=arrays))
    more = {**key.arrays, **{name: _key().arrays[name][[1, 4, 5]] for name in OF_EACH}}
    with pytest.raises(InvalidKeyError, match="must hold 2 covers, one a sample, got 3"):
        SCHEME.asked(replace(key, arrays=more))
