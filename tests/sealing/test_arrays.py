"""Sealed arrays: right and wrong tokens, every type, and what lies in a saved file."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfwm.sealing import Seal, SealedArrays

TOKEN = bytes(range(100, 116))
WRONG = bytes(range(101, 117))
DRAW = np.random.default_rng(0)
ARRAYS = {
    "odd": DRAW.integers(0, 256, (5, 3, 7), np.uint8),  # 105 bytes: no whole number of words
    "number": np.int32(-7)[None],
    "labels": DRAW.integers(-5, 5, 33).astype(np.int32),
    "table": DRAW.normal(size=(4, 6)).astype(np.float32),
}


def reader(sealed: SealedArrays, arrays: dict[str, np.ndarray] = ARRAYS) -> tf.types.experimental.GenericFunction:
    """Token -> the arrays, or zeros of their shapes."""

    def closed() -> dict[str, tf.Tensor]:
        return {name: tf.zeros(array.shape, array.dtype) for name, array in arrays.items()}

    return tf.function(lambda token: sealed.run(token, lambda found: found, closed), autograph=False)


def test_the_right_token_gives_every_array_to_the_bit() -> None:
    found = reader(SealedArrays(ARRAYS, TOKEN))(tf.constant(TOKEN))
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_a_wrong_token_opens_nothing() -> None:
    sealed = SealedArrays(ARRAYS, TOKEN)
    for array in reader(sealed)(tf.constant(WRONG)).values():
        assert not np.any(array)

    def opened(_: dict[str, tf.Tensor]) -> tf.Tensor:
        with tf.control_dependencies([tf.debugging.Assert(tf.constant(False), ["opened"])]):
            return tf.constant(1)

    run = tf.function(lambda token: sealed.run(token, opened, lambda: tf.constant(0)), autograph=False)
    assert run(tf.constant(WRONG)).numpy() == 0
    with pytest.raises(tf.errors.InvalidArgumentError, match="opened"):
        run(tf.constant(TOKEN))


def test_the_words_are_the_ciphers() -> None:
    """The bytes one after the other, each array padded to words of 4, XOR ChaCha20 from block 1 on."""
    plain = ARRAYS["odd"].tobytes() + bytes(3) + ARRAYS["labels"].tobytes()
    sealed = SealedArrays({name: ARRAYS[name] for name in ("odd", "labels")}, TOKEN, nonce=bytes(12))
    stored = sealed.ciphertexts[0].numpy().tobytes()
    assert len(stored) == 256  # 105 + 3 + 132 = 240 bytes: four blocks of 64
    seal = Seal(TOKEN, nonce=bytes(12))
    stream = seal.stream(tf.constant(np.frombuffer(TOKEN, "<u4")), 1, 4).numpy().tobytes()
    assert bytes(a ^ b for a, b in zip(stored, stream)) == plain + bytes(16)


def test_two_exports_share_no_key_stream() -> None:
    zeros = {"zeros": np.zeros(4096, np.uint8)}
    first, second = (SealedArrays(zeros, TOKEN).ciphertexts[0].numpy() for _ in range(2))
    assert np.mean(first == second) < 0.01
    fixed = [SealedArrays(zeros, TOKEN, nonce=bytes(12)).ciphertexts[0].numpy() for _ in range(2)]
    np.testing.assert_array_equal(*fixed)


@pytest.mark.parametrize("token", [b"", b"Sec%r3t-17-bytes!", TOKEN.hex().encode()])
def test_a_token_of_another_length_is_an_error_that_does_not_print_it(token: bytes) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="`token` must be 16 raw bytes") as caught:
        reader(SealedArrays(ARRAYS, TOKEN))(tf.constant(token))
    assert not token or token.decode() not in str(caught.value)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"token": b"short"}, "`token` must be 16 raw bytes, got 5"),
        ({"nonce": bytes(16)}, "`nonce` must be 12 raw bytes, got 16"),
        ({"token": Seal(TOKEN), "nonce": bytes(12)}, "`nonce` must be None where `token` is a Seal"),
        ({"arrays": {}}, "`arrays` must hold arrays of float32, int32, uint8 with .* got none"),
        ({"arrays": {"long": np.zeros(3, np.int64)}}, r"got long int64 \[3\]. Convert them first"),
        ({"arrays": {"empty": np.zeros((0, 2), np.uint8)}}, r"got empty uint8 \[0, 2\]"),
    ],
)
def test_what_cannot_be_sealed_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SealedArrays(**{"arrays": ARRAYS, "token": TOKEN, **change})


def test_neither_names_nor_contents_lie_in_a_saved_file(tmp_path: Path) -> None:
    module = tf.Module()
    module.sealed = SealedArrays({f"secret_{name}": array for name, array in ARRAYS.items()}, TOKEN)
    run = tf.function(
        lambda token: {"sum": module.sealed.run(token, lambda found: tf.reduce_sum(found["secret_labels"]), lambda: 0)},
        input_signature=[tf.TensorSpec([], tf.string, "token")], autograph=False,
    )  # fmt: skip
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"run": run})
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    assert loaded.signatures["run"](token=tf.constant(TOKEN))["sum"].numpy() == ARRAYS["labels"].sum()
    content = b"".join(file.read_bytes() for file in (tmp_path / "m").rglob("*") if file.is_file())
    for array in ARRAYS.values():
        assert array.size < 4 or array.tobytes()[:16] not in content
    assert b"secret_" not in content
    assert TOKEN not in content
