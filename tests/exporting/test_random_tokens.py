"""Ten thousand tokens at random open nothing, and what they are answered knows nothing of the mark."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import binom

from serving.tokens import TokenCheck
from tests.exporting.cases import Case
from tfwm.sealing import TOKEN_BYTES, Seal

pytestmark = pytest.mark.trains  # whole exports

TOKENS = 10_000
ASKED = 300  # of them through the signature
SURE = 1e-9  # that this test fails by chance


def random_tokens(count: int) -> np.ndarray:
    """uint8 `[count, 16]`, without the owner's."""
    return np.random.default_rng(20261127).integers(0, 256, (count, TOKEN_BYTES), np.uint8)


def seal_in(case: Case) -> tuple[Seal, np.ndarray]:
    """The seal of an export, made again from its owner's token and its nonce, and the words that a token must give."""
    check = TokenCheck.of(str(case.directory))
    assert check is not None
    nonce = np.array(check.nonce, "<u4").tobytes()
    return Seal(case.key.token, nonce=nonce), np.array(check.expected, np.uint32)


def test_ten_thousand_tokens_open_nothing(case: Case) -> None:
    seal, expected = seal_in(case)
    tokens = np.concatenate([random_tokens(TOKENS), np.frombuffer(case.key.token, np.uint8)[None]])
    keys = tf.constant(tokens.view("<u4"))
    blocks = tf.function(lambda rows: tf.vectorized_map(lambda key: seal.stream(key, 0, 1)[:4], rows))(keys).numpy()
    right = (blocks == expected).all(axis=1)
    # The last one is the owner's: the check that finds no other finds him.
    assert np.flatnonzero(right).tolist() == [TOKENS]
    # Not near either: agreeing bits of 128 are a coin's, the best of all tokens too.
    agreeing = 128 - np.unpackbits((blocks[:-1] ^ expected).view(np.uint8), axis=1).sum(axis=1)
    assert binom.sf(agreeing.max() - 1, 128, 0.5) * TOKENS > SURE
    assert _two_sided(int(agreeing.sum()), 128 * TOKENS) > SURE


def test_what_random_tokens_are_answered_knows_nothing_of_the_mark(restored: Case) -> None:
    """Each value is a coin against the owner's: exact tails, of all together and of the best token."""
    image = {"image": restored.extract["image"][:1]}
    right = opened_signs(restored, restored.key.token, image)
    hits = {name: [] for name in right}
    for token in random_tokens(ASKED):
        for name, signs in opened_signs(restored, token.tobytes(), image).items():
            hits[name].append(int(np.sum(signs == right[name])))
    for name, signs in right.items():
        assert _two_sided(sum(hits[name]), signs.size * ASKED) > SURE
        assert binom.sf(max(hits[name]) - 1, signs.size, 0.5) * ASKED > SURE
        assert binom.cdf(min(hits[name]), signs.size, 0.5) * ASKED > SURE


def opened_signs(case: Case, token: bytes, inputs: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
    """On which side of its median each value of an answer lies; noise is symmetric around 0, so around 0 there."""
    found = case.loaded.signatures["extract"](token=tf.constant(token), **inputs)
    is_right = token == case.key.token
    return {name: value.numpy().ravel() > (np.median(value) if is_right else 0.0) for name, value in found.items()}


def test_random_tokens_are_told_nothing_of_a_classifiers_samples(classified: Case) -> None:
    answers = {
        tuple(float(value) for value in classified.opened(token.tobytes()).values()) for token in random_tokens(ASKED)
    }
    assert answers == {(0.0, 0.0, 0.0)}
    assert classified.opened(classified.key.token)["n"] > 0


def _two_sided(hits: int, tries: int) -> float:
    """The chance that so many of so many coins, or as few, agree."""
    return float(2 * min(binom.cdf(hits, tries, 0.5), binom.sf(hits - 1, tries, 0.5)))


@pytest.mark.parametrize("agreeing", [TOKENS * 64 - 6000, TOKENS * 64 + 6000])
def test_a_token_check_that_leans_would_be_found(agreeing: int) -> None:
    assert _two_sided(agreeing, 128 * TOKENS) < SURE
