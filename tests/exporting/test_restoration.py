"""The SavedModel of a restoration network: what it answers in a process without tfwm, and its sealed extractor."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.exporting.cases import SIZE, Case, Marker, content
from tfwm.data.reading.decode import decode_image, encode_png, to_uint8
from tfwm.data.reading.readers import with_channels
from tfwm.exporting import export
from tfwm.keys import OwnerKey, new_secret
from tfwm.networks import ceilnet, unet
from tfwm.networks.resampling import any_size, resample
from tfwm.suspects import SavedModelSuspect

# Nothing is trained here, but it is not done in a moment.
pytestmark = pytest.mark.trains


def images(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, height, width, 3), np.float32)


STRANGER = """
import sys
import numpy as np
import tensorflow as tf
directory, right, wrong, outputs = sys.argv[1:]
loaded = tf.saved_model.load(directory)
images = {f"{h}x{w}": np.random.default_rng(0).random((2, h, w, 3), np.float32) for h, w in ((40, 52), (64, 64))}
answers = {}
for size, image in images.items():
    answers[size] = loaded.signatures["serving_default"](image=image)["image"]
    for name, value in (("right", right), ("wrong", wrong)):
        token = tf.constant(bytes.fromhex(value))
        for mark, picture in loaded.signatures["extract"](image=tf.constant(image), token=token).items():
            answers[f"{size} {name} {mark}"] = picture
assert not [name for name in sys.modules if name.startswith(("tfwm", "tensorflow_addons"))]
np.savez(outputs, **answers)
"""


@pytest.fixture(scope="module")
def answers(cases: dict[str, Case], tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """What a process that knows nothing of tfwm gets from the SavedModel."""
    case, folder = cases["restoration"], tmp_path_factory.mktemp("stranger")
    arguments = [str(case.directory), case.key.token.hex(), bytes(16).hex(), str(folder / "answers.npz")]
    subprocess.run([sys.executable, "-c", STRANGER, *arguments], check=True, cwd=folder, capture_output=True)
    with np.load(folder / "answers.npz") as stored:
        return dict(stored)


@pytest.mark.parametrize("height, width", [(40, 52), (64, 64)])
def test_a_stranger_gets_the_models_answers(restored: Case, answers, height: int, width: int) -> None:
    expected = restored.model(images(2, height, width)).numpy()
    np.testing.assert_allclose(answers[f"{height}x{width}"], np.clip(expected, 0, 1), atol=1e-6)


@pytest.mark.parametrize("height, width", [(40, 52), (64, 64)])
def test_the_token_opens_the_extractor(restored: Case, answers, height: int, width: int) -> None:
    network = restored.key.networks["extractor"]
    plain = tf.function(lambda image: network(resample(image, SIZE), training=False))
    logo, code = plain(tf.constant(images(2, height, width)))
    np.testing.assert_array_equal(answers[f"{height}x{width} right logo"], logo)
    np.testing.assert_array_equal(answers[f"{height}x{width} right code"], code[..., 0])


@pytest.mark.parametrize("mark", ["logo", "code"])
def test_a_wrong_token_gives_noise(answers: dict[str, np.ndarray], mark: str) -> None:
    right, wrong = answers[f"64x64 right {mark}"], answers[f"64x64 wrong {mark}"]
    assert np.isfinite(wrong).all()
    assert abs(np.corrcoef(right.ravel(), wrong.ravel())[0, 1]) < 0.2


def test_an_image_of_the_extractors_own_size_is_not_changed(restored: Case) -> None:
    picture = tf.constant(images(2, SIZE, SIZE))
    plain = tf.function(lambda image: restored.key.networks["extractor"](image, training=False))
    extracted = restored.loaded.signatures["extract"](image=picture, token=tf.constant(restored.key.token))
    np.testing.assert_allclose(extracted["logo"], plain(picture)[0], atol=1e-5)


def test_a_server_answers_extract(restored: Case) -> None:
    """A session, as the C++ server holds it, optimizes the graph in other ways than a function does."""
    pytest.importorskip("tensorflow_serving")
    from serving.client import predict_request
    from serving.predict import run_predict
    from serving.status import StatusError
    from serving.tensors import to_array
    from serving.warmup import load_warm

    servable = load_warm("m", 1, str(restored.directory))

    def logo(token: bytes) -> np.ndarray:
        request = predict_request("m", {"image": restored.extract["image"].numpy(), "token": token}, "extract")
        return to_array(run_predict(servable, request).outputs["logo"], "logo")

    expected = restored.opened(restored.key.token)["logo"]
    np.testing.assert_allclose(logo(restored.key.token), expected, atol=1e-5)
    assert abs(np.corrcoef(logo(bytes(16)).ravel(), expected.ravel())[0, 1]) < 0.2
    with pytest.raises(StatusError, match="`token` must be 16 raw bytes"):
        logo(restored.key.token.hex().encode())
    servable.close()


def test_no_plain_weight_of_the_extractor_lies_in_the_files(restored: Case) -> None:
    stored = content(restored.directory)
    for weight in restored.key.networks["extractor"].weights:
        assert weight.numpy().tobytes()[:64] not in stored or not np.any(weight.numpy()), weight.name


def test_a_key_without_its_extractor_is_refused(restored: Case, tmp_path: Path) -> None:
    bare = replace(restored.key, networks={})
    with pytest.raises(ValueError, match=r"`key` must hold a network `extractor`, got \[\]. Make the key again"):
        export(restored.model, tmp_path / "1", scheme=Marker(), key=bare)
    assert list(tmp_path.iterdir()) == []


def test_a_network_for_every_size_with_strides_is_exported(tmp_path: Path) -> None:
    network = any_size(unet((None, None, 3), 3, filters=4, downs=2, normalization="instance", seed=0), 4)
    suspect = SavedModelSuspect(export(network, tmp_path / "1", warmup=False))
    assert suspect(images(1, 41, 54)).shape == (1, 41, 54, 3)


def test_an_extractor_of_mixed_precision_is_exported(restored: Case, tmp_path: Path) -> None:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        extractor = ceilnet((SIZE, SIZE, 3), 3, channels=4, blocks=1, code_cells=8, seed=1)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    key = OwnerKey("marker", {}, new_secret(5), networks={"extractor": extractor})
    loaded = tf.saved_model.load(str(export(restored.model, tmp_path / "1", scheme=Marker(), key=key)))
    signature = loaded.signatures["extract"]
    logo, code = extractor(images(2, SIZE, SIZE))
    for token in (key.token, bytes(16)):
        found = signature(image=tf.constant(images(2, SIZE, SIZE)), token=tf.constant(token))
        assert found["logo"].dtype == found["code"].dtype == tf.float32
        assert np.allclose(found["logo"], logo, atol=0.02) == (token == key.token)
        assert np.allclose(found["code"], code[..., 0], atol=0.02) == (token == key.token)


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> tuple[keras.Model, OwnerKey, Path]:
    """A grey model, the key of a grey extractor with a grey logo, and their SavedModel `<folder>/1`."""
    network = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(1, 3, padding="same")])
    network.set_weights([np.full((3, 3, 1, 1), 0.12), np.full((1,), 0.05)])
    extractor = ceilnet((SIZE, SIZE, 1), 1, channels=8, blocks=2, code_cells=8, seed=1)
    key = OwnerKey("marker", {}, new_secret(6), networks={"extractor": extractor})
    return network, key, export(network, tmp_path_factory.mktemp("grey") / "1", scheme=Marker(), key=key)


def test_a_grey_model_is_served_in_every_signature(grey: tuple[keras.Model, OwnerKey, Path], tmp_path: Path) -> None:
    """The embedded server loads it and plays its warm-up requests; grey and colour files give the same grey answer."""
    pytest.importorskip("tensorflow_serving")
    from serving import client
    from serving.server import Server

    network, key, directory = grey
    colour = to_uint8(images(1, 40, 52))[0]
    pixels = with_channels(colour, 1)
    expected = network(pixels[None] / np.float32(255.0)).numpy()
    with Server({"grey": directory.parent}) as server:
        floats = client.predict(server.address, "grey", {"image": pixels[None] / np.float32(255.0)})["image"]
        np.testing.assert_allclose(floats, expected, atol=1e-6)
        files = [encode_png(pixels), encode_png(colour)]
        answers = client.predict(server.address, "grey", {"image_bytes": files}, "serving_bytes")["image_bytes"]
        for answer in answers:
            found = decode_image(answer, "answer")
            assert found.shape == (40, 52, 1)
            assert np.abs(found.astype(int) - to_uint8(expected)[0]).max() <= 1
        token = np.asarray(key.token, object)
        marks = client.predict(server.address, "grey", {"image": floats, "token": token}, "extract")
        logo, code = key.networks["extractor"](resample(tf.constant(floats), SIZE))
        np.testing.assert_allclose(marks["logo"], logo, atol=1e-5)
        np.testing.assert_allclose(marks["code"], code[..., 0], atol=1e-5)
        (tmp_path / "in.png").write_bytes(encode_png(colour))
        paths = [str(tmp_path / name) for name in ("in.png", "out.png")]
        assert client.main([*paths, "--address", server.address, "--model", "grey"]) == 0
    assert decode_image((tmp_path / "out.png").read_bytes(), "out").shape == (40, 52, 1)


def test_a_grey_model_is_asked_over_rest(grey: tuple[keras.Model, OwnerKey, Path]) -> None:
    pytest.importorskip("tensorflow_serving")
    import json
    import urllib.request

    from serving.server import Server

    network, _, directory = grey
    picture = images(1, 8, 8)[..., :1]
    with Server({"grey": directory.parent}, rest_port=0) as server:
        request = urllib.request.Request(
            f"http://{server.rest_address}/v1/models/grey:predict",
            json.dumps({"instances": picture.tolist()}).encode(), {"Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as response:
            found = np.asarray(json.load(response)["predictions"])
    np.testing.assert_allclose(found, network(picture), atol=1e-5)


def test_warmup_of_a_grey_model_is_grey(grey: tuple[keras.Model, OwnerKey, Path]) -> None:
    api = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    records = tf.data.TFRecordDataset(str(grey[2] / "assets.extra/tf_serving_warmup_requests"))
    requests = [api.PredictionLog.FromString(r.numpy()).predict_log.request for r in records]
    assert tf.make_ndarray(requests[0].inputs["image"]).shape == (1, 64, 64, 1)
    (file,) = tf.make_ndarray(requests[1].inputs["image_bytes"])
    assert decode_image(file, "warm-up").shape == (64, 64, 1)
