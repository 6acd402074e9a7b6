"""Removal and replacement on a mark that can be worked out: what an open extractor gives, and a sealed one does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from serving.server import Server
from tests.attacks.toys import patches
from tfwm.attacks import OracleRemove, OracleReplace, thiefs_mark
from tfwm.attacks.oracles.proxy import mixtures, proxy_network
from tfwm.attacks.oracles.reading import open_reader
from tfwm.data.reading.decode import to_uint8
from tfwm.sealing import SealedNetworks
from tfwm.suspects import FunctionSuspect, KerasSuspect, SavedModelSuspect, as_float
from tfwm.training import Run, Schedule
from tfwm.types import ImagePairs

pytestmark = pytest.mark.trains

SIDE, CELLS, STRENGTH = 16, 4, 0.03
CODE = np.random.default_rng(5).choice([-1.0, 1.0], (CELLS, CELLS))
SHORT = Schedule(3, 40, 16, 0.01, "cosine")


def extractor() -> keras.Model:
    """Reads the mean of every cell of red less green: a picture, and a map of one channel a cell."""
    image = keras.Input((SIDE, SIDE, 3))
    difference = keras.layers.Conv2D(1, 1, use_bias=False, name="difference")
    pooled = keras.layers.AveragePooling2D(SIDE // CELLS)(difference(image))
    whole = keras.layers.Conv2D(1, 1, use_bias=False, name="whole")
    network = keras.Model(image, [whole(image), pooled])
    for layer in (difference, whole):
        layer.set_weights([np.array([20.0, -20.0, 0.0], np.float32).reshape(1, 1, 3, 1)])
    return network


def mark() -> np.ndarray:
    """What the marked model adds: more red and less green where the code says so."""
    cells = np.kron(CODE, np.ones((SIDE // CELLS, SIDE // CELLS)))
    return np.stack([cells, -cells, np.zeros_like(cells)], -1).astype(np.float32) * STRENGTH


@pytest.fixture(scope="module")
def marked() -> FunctionSuspect:
    return FunctionSuspect("marked", lambda images: np.clip(images + mark(), 0.0, 1.0))


@pytest.fixture(scope="module")
def pairs() -> ImagePairs:
    clean = patches(128, seed=1, size=SIDE)
    return ImagePairs(clean, clean)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The extractor as a file, as an `extract` that anybody may run, and as a sealed one."""
    folder, network = tmp_path_factory.mktemp("oracles"), extractor()
    network.save(folder / "extractor.keras")
    image, token = tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32, "image"), tf.TensorSpec([], tf.string, "token")
    opened, closed = tf.Module(), tf.Module()
    opened.network, closed.sealed = network, SealedNetworks({"r": network}, bytes(range(16)))
    serve = tf.function(lambda image: {"image": image + mark()}, input_signature=[image])

    def read(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(("a", "b"), network(image)))

    def read_sealed(image: tf.Tensor, token: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(("a", "b"), closed.sealed.run("r", image, token)))

    for name, module, extract in (
        ("open", opened, tf.function(read, input_signature=[image])),
        ("sealed", closed, tf.function(read_sealed, input_signature=[image, token], autograph=False)),
    ):
        signatures = {"serving_default": serve, "extract": extract}
        tf.saved_model.save(module, str(folder / name / "1"), signatures=signatures)
    return {"file": folder / "extractor.keras", "open": folder / "open/1", "sealed": folder / "sealed/1"}


def strengths(answers: np.ndarray) -> tuple[float, float]:
    """How much of the owner's pattern and of the thief's is in the answers, by least squares: 1 for a whole one."""
    _, read = extractor()(answers - queries())
    patterns = np.stack([CODE.ravel(), thiefs_mark((CELLS, CELLS, 1), seed=0).ravel()], 1)
    (owner, thief), *_ = np.linalg.lstsq(patterns, read.numpy().mean(axis=0).ravel(), rcond=None)
    return owner / (2 * 20.0 * STRENGTH), thief / (2 * 20.0 * STRENGTH)


def queries() -> np.ndarray:
    return as_float(patches(64, seed=9, size=SIDE))


@pytest.mark.parametrize("oracle", ["file", "open"])
def test_an_open_extractor_removes_the_mark(marked, pairs, exports, oracle: str, tmp_path: Path) -> None:
    owner, thief = strengths(marked(queries()))
    assert (owner, thief) == (pytest.approx(1.0, abs=0.05), pytest.approx(0.0, abs=0.05))
    attack = OracleRemove(str(exports[oracle]), filters=8, schedule=SHORT)
    stolen = attack(marked, pairs, Run(tmp_path, quiet=True))
    assert abs(strengths(stolen(queries()))[0]) < 0.25


def test_a_sealed_extractor_helps_no_more_than_none(marked, pairs, exports, tmp_path: Path) -> None:
    """Both see the same loss, since noise has no gradient: the networks are equal to the last bit."""
    found = {}
    for name, oracle in (("sealed", str(exports["sealed"])), ("none", "")):
        run = Run(tmp_path / name, quiet=True)
        found[name] = OracleRemove(oracle, filters=8, schedule=SHORT)(marked, pairs, run)(queries())
    np.testing.assert_allclose(found["sealed"], found["none"], atol=1e-6)


def test_a_proxy_learns_an_open_extractor_and_nothing_of_a_sealed_one(marked, pairs, exports, tmp_path: Path) -> None:
    left = {}
    for name in ("open", "sealed"):
        attack = OracleReplace(str(exports[name]), "proxy", filters=8, schedule=SHORT)
        left[name] = attack(marked, pairs, Run(tmp_path / name, quiet=True))(queries())
    assert strengths(left["open"])[1] > 0.3
    # What a thief of noise leaves by chance: between -0.14 and 0.05 in the runs that were made.
    assert abs(strengths(left["sealed"])[1]) < 0.2


def test_replacement_writes_the_thiefs_own_mark(marked, pairs, exports, tmp_path: Path) -> None:
    attack = OracleReplace(str(exports["open"]), weight=100.0, filters=8, schedule=SHORT)
    stolen = attack(marked, pairs, Run(tmp_path, quiet=True))(queries())
    owner, thief = strengths(stolen)
    # Not all of it: the picture that is read has smaller cells than the code, and both lie in the same colours.
    assert thief > 0.35
    assert abs(owner) < 0.25


def test_the_suspects_own_signature_is_found(exports, pairs, tmp_path: Path) -> None:
    suspect, attack = SavedModelSuspect(exports["open"]), OracleRemove("suspect", filters=4, schedule=Schedule(1, 2, 8))
    found = attack(suspect, pairs, Run(tmp_path / "a", quiet=True))(queries())
    named = replace(attack, oracle=str(exports["open"]))(suspect, pairs, Run(tmp_path / "b", quiet=True))(queries())
    np.testing.assert_array_equal(found, named)


@pytest.mark.parametrize("name", ["open", "sealed"])
def test_an_endpoint_can_be_asked_and_not_run(name: str, marked, pairs, exports, tmp_path: Path) -> None:
    with Server({"m": exports[name].parent}) as server:
        oracle = f"grpc://{server.address}/m"
        reader = open_reader(oracle, marked, 0)
        assert reader.graph is None
        asked, at_hand = (
            open_reader(place, marked, 0).read(pairs.inputs[:5]) for place in (oracle, str(exports[name]))
        )
        for one, other in zip(asked, at_hand, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)
        with pytest.raises(ValueError, match='can only be asked. Use through="proxy"'):
            OracleRemove(oracle, schedule=Schedule(1, 1, 4))(marked, pairs, Run(tmp_path, quiet=True))


def test_what_is_no_oracle_is_named(marked, pairs, exports, tmp_path: Path) -> None:
    for oracle in ("nothing.keras", "suspect", str(tmp_path)):
        with pytest.raises(ValueError, match=r"`oracle` must be a .keras file, a SavedModel folder or grpc://"):
            OracleRemove(oracle)(marked, pairs, Run(tmp_path, quiet=True))
    plain = tf.Module()
    spec = tf.TensorSpec([None, 2], tf.float32, "image")
    tf.saved_model.save(
        plain, str(tmp_path / "p"), signatures={"other": tf.function(lambda image: {"x": image}, [spec])}
    )
    with pytest.raises(ValueError, match="must have the signature `extract`, got"):
        OracleRemove(str(tmp_path / "p"))(marked, pairs, Run(tmp_path, quiet=True))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"through": "gradient"}, "Did you mean `gradients`"), ({"weight": 0.0}, "`weight` must be"),
        ({"filters": 0}, "`filters` must be"),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_named(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OracleRemove(**change)


def test_labels_say_how_the_thief_reads() -> None:
    assert repr(OracleRemove("a.keras")) == "oracle_remove(gradients)"
    assert repr(OracleReplace("a", "proxy")) == "oracle_replace(proxy)"
    assert repr(OracleRemove(through="proxy")) == "oracle_remove(no extractor)"


def test_a_thiefs_mark_has_cells_of_either_sign_and_follows_from_his_seed() -> None:
    large, small = thiefs_mark((64, 64, 3), 1), thiefs_mark((8, 8, 1), 1)
    assert set(np.unique(large)) == {-1.0, 1.0}
    np.testing.assert_array_equal(large[::8, ::8, :1], small)
    np.testing.assert_array_equal(large[:8, :8], np.broadcast_to(small[0, 0], (8, 8, 3)))
    assert np.mean(small == thiefs_mark((8, 8, 1), 2)) < 0.8
    assert thiefs_mark((4, 4, 1), 1).shape == (4, 4, 1)


def test_mixtures_hold_marked_and_clean_pictures_and_what_lies_between() -> None:
    clean = patches(10, seed=3, size=SIDE)
    answers = to_uint8(as_float(clean) + mark())
    asked = mixtures(answers, clean, seed=1)
    assert asked.shape == (40, SIDE, SIDE, 3)
    np.testing.assert_array_equal(asked[:10], answers)
    np.testing.assert_array_equal(asked[10:20], clean)
    shares = np.mean((asked[20:30].astype(float) - clean) * np.sign(mark()), axis=(1, 2, 3)) / (STRENGTH * 255 * 2 / 3)
    assert shares.min() < -0.2 < 0.2 < shares.max()


def test_a_proxy_has_the_maps_that_are_asked_for() -> None:
    for maps in ([(4, 4, 1), (16, 16, 3)], [(16, 16, 1), (4, 4, 1)], [(16, 16, 3)]):
        given = tf.nest.flatten(proxy_network(3, maps, filters=4, seed=1)(np.zeros((2, 20, 12, 3), np.float32)))
        assert [tuple(part.shape[1:]) for part in given] == maps
    with pytest.raises(ValueError, match='must be a picture and at most one smaller map .* Use through="gradients"'):
        proxy_network(3, [(16, 16, 3), (4, 4, 2)], filters=4, seed=1)


def test_the_attack_leaves_the_suspect_and_resumes_by_its_file(marked, pairs, exports, tmp_path: Path) -> None:
    before, run = marked(queries()), Run(tmp_path, quiet=True)
    attack = OracleRemove(str(exports["open"]), filters=4, schedule=Schedule(1, 3, 8))
    first, again = attack(marked, pairs, run)(queries()), attack(marked, pairs, run)(queries())
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(marked(queries()), before)
    network = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(KerasSuspect("remover", network)(before), first, atol=1e-6)
