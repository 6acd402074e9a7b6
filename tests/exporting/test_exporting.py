"""The exported SavedModel: what it answers in a process without tfwm, and what it must not hold."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfwm.data.reading.decode import decode_image, encode_png, to_uint8
from tfwm.data.reading.readers import with_channels
from tfwm.exporting import ExportError, export, scan
from tfwm.keys import OwnerKey, new_secret
from tfwm.networks import ceilnet, unet
from tfwm.networks.resampling import any_size, resample
from tfwm.suspects import SavedModelSuspect

SIZE = 32


@dataclass(frozen=True)
class Marker:
    """The part of a scheme that an export looks at."""

    name: ClassVar[str] = "marker"
    extractor_outputs: ClassVar[tuple[str, ...]] = ("logo", "code")


@dataclass(frozen=True)
class Plain:
    """A scheme that reads its mark without a network."""

    name: ClassVar[str] = "marker"


def images(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, height, width, 3), np.float32)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """Answers outside [0, 1] too, so that clipping shows."""
    network = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 3, padding="same")])
    draws = np.random.default_rng(1)
    network.set_weights([draws.normal(size=w.shape) for w in network.get_weights()])
    return network


@pytest.fixture(scope="module")
def key() -> OwnerKey:
    extractor = ceilnet((SIZE, SIZE, 3), 3, channels=8, blocks=2, code_cells=8, seed=1)
    return OwnerKey("marker", {}, new_secret(5), networks={"extractor": extractor})


@pytest.fixture(scope="module")
def exported(model: keras.Model, key: OwnerKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(model, tmp_path_factory.mktemp("export") / "1", scheme=Marker(), key=key)


@pytest.fixture(scope="module")
def loaded(exported: Path) -> tf.Module:
    return tf.saved_model.load(str(exported))


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
def answers(exported: Path, key: OwnerKey, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """What a process that knows nothing of tfwm gets from the SavedModel."""
    folder = tmp_path_factory.mktemp("stranger")
    arguments = [str(exported), key.token.hex(), bytes(16).hex(), str(folder / "answers.npz")]
    subprocess.run([sys.executable, "-c", STRANGER, *arguments], check=True, cwd=folder, capture_output=True)
    with np.load(folder / "answers.npz") as stored:
        return dict(stored)


@pytest.mark.parametrize("height, width", [(40, 52), (64, 64)])
def test_a_stranger_gets_the_models_answers(
    model: keras.Model, answers: dict[str, np.ndarray], height: int, width: int
) -> None:
    expected = model(images(2, height, width)).numpy()
    assert expected.min() < 0
    assert expected.max() > 1
    np.testing.assert_allclose(answers[f"{height}x{width}"], np.clip(expected, 0, 1), atol=1e-6)


@pytest.mark.parametrize("height, width", [(40, 52), (64, 64)])
def test_the_token_opens_the_extractor(key: OwnerKey, answers: dict[str, np.ndarray], height: int, width: int) -> None:
    network = key.networks["extractor"]
    plain = tf.function(lambda image: network(resample(image, SIZE), training=False))
    logo, code = plain(tf.constant(images(2, height, width)))
    np.testing.assert_array_equal(answers[f"{height}x{width} right logo"], logo)
    np.testing.assert_array_equal(answers[f"{height}x{width} right code"], code[..., 0])


@pytest.mark.parametrize("mark", ["logo", "code"])
def test_a_wrong_token_gives_noise(answers: dict[str, np.ndarray], mark: str) -> None:
    right, wrong = answers[f"64x64 right {mark}"], answers[f"64x64 wrong {mark}"]
    assert np.isfinite(wrong).all()
    assert abs(np.corrcoef(right.ravel(), wrong.ravel())[0, 1]) < 0.2


def test_an_image_of_the_extractors_own_size_is_not_changed(loaded: tf.Module, key: OwnerKey) -> None:
    picture = images(2, SIZE, SIZE)
    plain = tf.function(lambda image: key.networks["extractor"](image, training=False))
    extracted = loaded.signatures["extract"](image=tf.constant(picture), token=tf.constant(key.token))
    np.testing.assert_allclose(extracted["logo"], plain(tf.constant(picture))[0], atol=1e-5)


def test_a_token_of_another_length_is_an_error(loaded: tf.Module, key: OwnerKey) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="`token` must be 16 raw bytes") as caught:
        loaded.signatures["extract"](image=tf.constant(images(1, 40, 40)), token=tf.constant(key.token.hex()))
    assert key.token.hex() not in str(caught.value)


def test_a_server_answers_extract(exported: Path, loaded: tf.Module, key: OwnerKey) -> None:
    """A session, as the C++ server holds it, optimizes the graph in other ways than a function does."""
    pytest.importorskip("tensorflow_serving")
    from tensorflow_serving.apis import predict_pb2

    from serving.predict import run_predict
    from serving.servables import load
    from serving.status import StatusError

    servable = load("m", 1, str(exported))
    picture = images(1, 40, 52)

    def logo(token: bytes) -> np.ndarray:
        request = predict_pb2.PredictRequest()
        request.model_spec.signature_name = "extract"
        request.inputs["image"].CopyFrom(tf.make_tensor_proto(picture))
        request.inputs["token"].CopyFrom(tf.make_tensor_proto(token))
        return tf.make_ndarray(run_predict(servable, request).outputs["logo"])

    expected = loaded.signatures["extract"](image=tf.constant(picture), token=tf.constant(key.token))["logo"]
    np.testing.assert_allclose(logo(key.token), expected, atol=1e-5)
    assert abs(np.corrcoef(logo(bytes(16)).ravel(), np.ravel(expected))[0, 1]) < 0.2
    with pytest.raises(StatusError, match="`token` must be 16 raw bytes"):
        logo(key.token.hex().encode())
    servable.close()


def test_bytes_in_and_out(model: keras.Model, loaded: tf.Module) -> None:
    pictures = to_uint8(images(2, 40, 52))
    files = tf.constant([encode_png(picture) for picture in pictures])
    answer = loaded.signatures["serving_bytes"](image_bytes=files)["image_bytes"].numpy()
    pixels = np.stack([decode_image(file, "answer") for file in answer])
    expected = to_uint8(np.clip(model(pictures.astype(np.float32) / 255).numpy(), 0, 1))
    assert np.abs(pixels.astype(int) - expected).max() <= 1
    assert np.mean(pixels == expected) > 0.999


def test_the_file_is_a_suspect_of_the_library(model: keras.Model, exported: Path) -> None:
    answer = SavedModelSuspect(exported)(images(3, 40, 40))
    np.testing.assert_allclose(answer, np.clip(model(images(3, 40, 40)).numpy(), 0, 1), atol=1e-6)


def test_no_plain_weight_name_or_secret_lies_in_the_files(exported: Path, key: OwnerKey) -> None:
    content = b"".join(file.read_bytes() for file in exported.rglob("*") if file.is_file())
    for weight in key.networks["extractor"].weights:
        assert weight.numpy().tobytes()[:64] not in content or not np.any(weight.numpy()), weight.name
    for secret in (key.token, key.secret, b"ceilnet", b"block_0a", b"extractor", b"marker"):
        assert secret not in content
        assert secret.hex().encode() not in content


def test_the_search_for_plain_weights_would_find_one(model: keras.Model, exported: Path) -> None:
    """The deployed model's own weights are public and lie there in the clear."""
    content = b"".join(file.read_bytes() for file in exported.glob("variables/*"))
    assert model.weights[0].numpy().tobytes()[:64] in content


def test_two_exports_differ_in_their_nonce(model: keras.Model, key: OwnerKey, exported: Path, tmp_path: Path) -> None:
    second = export(model, tmp_path / "2", scheme=Marker(), key=key, warmup=False)
    first, other = (tf.saved_model.load(str(path)).sealed._words[0].numpy() for path in (exported, second))
    assert np.mean(first == other) < 0.01


@pytest.mark.parametrize("case", ["public", "no key", "no extractor"])
def test_no_extract_signature(case: str, model: keras.Model, key: OwnerKey, tmp_path: Path) -> None:
    arguments = {
        "public": {"scheme": Marker(), "key": key, "public": True},
        "no key": {"scheme": Marker()},
        "no extractor": {"scheme": Plain(), "key": key},
    }[case]
    directory = export(model, tmp_path / "1", warmup=False, **arguments)
    assert sorted(tf.saved_model.load(str(directory)).signatures) == ["serving_bytes", "serving_default"]
    content = b"".join(file.read_bytes() for file in directory.rglob("*") if file.is_file())
    assert b"BitwiseXor" not in content


def test_warmup_requests_are_noise_and_play(exported: Path, loaded: tf.Module) -> None:
    api = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    records = tf.data.TFRecordDataset(str(exported / "assets.extra/tf_serving_warmup_requests"))
    requests = [api.PredictionLog.FromString(r.numpy()).predict_log.request for r in records]
    assert [r.model_spec.signature_name for r in requests] == ["serving_default", "serving_bytes"]
    assert all("token" not in request.inputs for request in requests)
    for request in requests:
        inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
        assert loaded.signatures[request.model_spec.signature_name](**inputs)


def test_a_network_for_every_size_with_strides_is_exported(tmp_path: Path) -> None:
    network = any_size(unet((None, None, 3), 3, filters=4, downs=2, normalization="instance", seed=0), 4)
    suspect = SavedModelSuspect(export(network, tmp_path / "1", warmup=False))
    assert suspect(images(1, 41, 54)).shape == (1, 41, 54, 3)


def calling_python(image: tf.Tensor) -> tf.Tensor:
    return tf.ensure_shape(tf.numpy_function(lambda x: x, [image], tf.float32), [None, None, None, 3])


def printing(image: tf.Tensor) -> tf.Tensor:
    with tf.control_dependencies([tf.raw_ops.PrintV2(input="an image")]):
        return tf.identity(image)


def with_layer(function: Callable[[tf.Tensor], tf.Tensor]) -> keras.Model:
    image = keras.Input((None, None, 3))
    return keras.Model(image, keras.layers.Lambda(function)(image))


@pytest.mark.parametrize("function, operation", [(calling_python, "PyFunc"), (printing, "PrintV2")])
def test_a_model_that_no_server_should_run_leaves_nothing_behind(
    function: Callable[[tf.Tensor], tf.Tensor], operation: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=f"operation {operation} runs Python"):
        export(with_layer(function), tmp_path / "1", warmup=False)
    assert list(tmp_path.iterdir()) == []


def test_an_addons_operation_is_found(tmp_path: Path) -> None:
    addons = pytest.importorskip("tensorflow_addons")

    def warped(image: tf.Tensor) -> tf.Tensor:
        return addons.image.resampler(image, tf.zeros([tf.shape(image)[0], 4, 4, 2]))

    with pytest.raises(ExportError, match="operation Addons>Resampler needs a library"):
        export(with_layer(warped), tmp_path / "1", warmup=False)


def test_scan_names_strange_files(exported: Path, tmp_path: Path) -> None:
    assert scan(exported) == []
    assert scan(tmp_path) == [f"`{tmp_path}` holds no saved_model.pb"]
    (tmp_path / "assets").mkdir()
    for name in ("saved_model.pb", "keras_metadata.pb", "assets/probes.npz"):
        (tmp_path / name).touch()
    assert [problem.split("`")[1] for problem in scan(tmp_path)] == ["assets/probes.npz", "keras_metadata.pb"]


def test_an_export_is_never_overwritten(model: keras.Model, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    with pytest.raises(FileExistsError, match="exists already"):
        export(model, tmp_path / "1")


def test_wrong_arguments_are_named(model: keras.Model, key: OwnerKey, tmp_path: Path) -> None:
    cases = [
        (model, {"key": key}, "`scheme` must be the marker scheme that made the key, got None"),
        (model, {"key": replace(key, networks={}), "scheme": Marker()}, "`key` must hold a network `extractor`"),
        (key.networks["extractor"], {}, r"`model` must map images \[n, h, w, 1 or 3\] to images"),
    ]
    for network, arguments, message in cases:
        with pytest.raises(ValueError, match=message):
            export(network, tmp_path / "1", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_an_extractor_of_mixed_precision_is_exported(model: keras.Model, tmp_path: Path) -> None:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        extractor = ceilnet((SIZE, SIZE, 3), 3, channels=4, blocks=1, code_cells=8, seed=1)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    key = OwnerKey("marker", {}, new_secret(5), networks={"extractor": extractor})
    signature = tf.saved_model.load(str(export(model, tmp_path / "1", scheme=Marker(), key=key))).signatures["extract"]
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
        words = [str(tmp_path / "in.png"), str(tmp_path / "out.png"), "--address", server.address, "--model", "grey"]
        assert client.main(words) == 0
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


@pytest.mark.parametrize("channels", [(2, 3), (3, 2), (4, 4)])
def test_other_numbers_of_channels_are_refused(channels: tuple[int, int], tmp_path: Path) -> None:
    image = keras.Input((None, None, channels[0]))
    with pytest.raises(ValueError, match=r"must map images \[n, h, w, 1 or 3\] to images"):
        export(keras.Model(image, keras.layers.Conv2D(channels[1], 1)(image)), tmp_path / "1")
