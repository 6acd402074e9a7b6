"""What every scheme promises, on its tiny preset, whatever kind of host it marks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.schemes.conftest import BARRIERS, Trained
from tfwm.data.tasks.trial import photograph_patches
from tfwm.keys import OwnerKey
from tfwm.kinds import PerKind
from tfwm.networks import load_network
from tfwm.schemes import SCHEMES, scheme_of
from tfwm.suspects import FunctionSuspect, KerasSuspect, RecordedSuspect, as_float
from tfwm.types import Access, KeySampleScheme, MarkedModel, Scheme, Suspect

pytestmark = pytest.mark.trains

ROOT = Path(__file__).parents[2]
OWN = set(SCHEMES) - set(SCHEMES.foreign)
CLIPS = BARRIERS  # the others answer what a fine-tuned host answers; what is served, `export` clips
FIRST_STAGES = {"deep_watermarking": "initial", "trigger_image": "embedding", "label_image": "embedding",
                "projected_label": "embedding", "blind_watermark": "encoder", "deep_stego": "encoder",
                "self_watermarked": "initial",
                "hidden": "hiding"}  # fmt: skip
SIZES = ((50, 70), (32, 32), (1, 1), (129, 31))
UNTRAINED = {"spread_spectrum", "dct_mark", "dft_mark", "dwt_mark"}  # nothing is learnt, so there are no stages
Answer = Callable[[np.ndarray], np.ndarray]


def noise(images: np.ndarray) -> np.ndarray:
    return np.random.default_rng(len(images)).random(images.shape, np.float32)


def flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


# Suspects that know nothing, beside those that every report asks.
ODD: PerKind[Mapping[str, Answer]] = PerKind(
    "odd suspects",
    restoration={
        "echo": lambda images: images,
        "grey": lambda images: np.full_like(images, 0.5),
        "white": np.ones_like,
        "black": np.zeros_like,
        "noise of another seed": noise,
        "mean of the request": lambda images: np.broadcast_to(images.mean(axis=0), images.shape),
        "negative": lambda images: 1.0 - images,
        "not finite": lambda images: np.full_like(images, np.nan),
        "out of range": lambda images: images * 1e30,
    },
    classification={
        "not finite": lambda images: np.full((len(images), 10), np.nan, np.float32),
        "out of range": lambda images: flat(images)[:, :10] * np.float32(1e30),
        "image as scores": lambda images: flat(images)[:, -10:],
    },
)
# What a tiny preset embeds at least: the share of what its reading shows to agree.
EMBEDDED = PerKind("least agreement", restoration=0.9, classification=0.0)
# A test part; between which limits a fidelity figure must lie; how much the host's own task may lose.
COSTS: PerKind[tuple[Callable[[Trained], Any], str, tuple[float, float], float]] = PerKind(
    "cost of a mark",
    restoration=(lambda trained: trained.data[-64:], "psnr_marked_vs_unmarked_db", (24.0, 60.0), 6.0),
    # Chance is 0.1.
    classification=(lambda _: photograph_patches("test", 200, 16, seed=0), "marked_accuracy", (0.25, 1.0), 0.25),
)


@dataclass(frozen=True)
class Listening:
    """Answers as the marked model does, and keeps what it was asked."""

    answer: Answer
    name: str = "listening"
    access: Access = Access.QUERIES
    requests: list[np.ndarray] = field(default_factory=list)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self.requests.append(images)
        return self.answer(images)


def test_speaks_the_protocol(trained: Trained) -> None:
    assert isinstance(trained.scheme, Scheme)
    assert isinstance(trained.suspect, Suspect)
    assert isinstance(trained.result, MarkedModel)
    assert trained.suspect.access == Access.WEIGHTS
    assert trained.key.scheme == trained.scheme.name
    assert trained.kind.fits(trained.result.model)
    assert ("extractor" in trained.key.networks) == bool(trained.scheme.extractor_outputs)


def test_the_marked_model_is_verified(trained: Trained) -> None:
    verdict = trained.scheme.verify(trained.suspect, trained.key)
    assert verdict.marked
    assert verdict.p_value <= verdict.alpha == trained.scheme.alpha
    if isinstance(trained.scheme, KeySampleScheme):
        answers = trained.suspect(trained.scheme.probe_images(trained.key)).argmax(axis=1)
        assert verdict.score == np.mean(answers == trained.scheme.key_labels(trained.key))
        log10_p, null = trained.scheme.null(trained.key)
        assert verdict.log10_p == pytest.approx(log10_p[int(verdict.details["hits"])])
        assert verdict.null == null


def test_the_unmarked_host_is_not(trained: Trained) -> None:
    verdict = trained.scheme.verify(trained.unmarked, trained.key)
    assert not verdict.marked
    assert verdict.p_value > trained.scheme.alpha


def test_suspects_that_know_nothing_are_not(trained: Trained) -> None:
    guessers = trained.kind.guessers(trained.data, seed=3)
    assert set(guessers) == set(trained.kind.trivial.values())
    odd = {name: FunctionSuspect(name, answer) for name, answer in ODD[trained.scheme.kind].items()}
    for name, suspect in {**guessers, **odd}.items():
        verdict = trained.scheme.verify(suspect, trained.key)
        assert not verdict.marked, name
        assert np.isfinite(list(verdict.details.values())).all(), name


def test_another_schemes_key_and_alphas_out_of_reach_are_refused(trained: Trained) -> None:
    for other in sorted(set(SCHEMES) - {trained.scheme.name}):
        with pytest.raises(ValueError, match=f"`key` must be of scheme {trained.scheme.name}, got one of '{other}'"):
            trained.scheme.verify(trained.suspect, replace(trained.key, scheme=other))
    for alpha in (1e-300, 0.0, 1.0, 1.5):
        with pytest.raises(ValueError, match="`alpha` .* Use "):
            trained.scheme.verify(trained.suspect, trained.key, alpha=alpha)
    assert trained.scheme.verify(trained.suspect, trained.key, alpha=0.5).alpha == 0.5


def test_a_verdict_takes_one_request_of_the_probe_images_and_recorded_answers_will_do(trained: Trained) -> None:
    listening, probes = Listening(trained.suspect), trained.scheme.probe_images(trained.key)
    verdict = trained.scheme.verify(listening, trained.key)
    (request,) = listening.requests
    np.testing.assert_allclose(as_float(request), as_float(probes), atol=1e-5)
    assert verdict.as_dict() == pytest.approx(trained.scheme.verify(trained.suspect, trained.key).as_dict())
    recorded = RecordedSuspect.record("recorded", probes, trained.suspect(request))
    assert trained.scheme.verify(recorded, trained.key).as_dict() == pytest.approx(verdict.as_dict())


def test_a_reading_is_a_picture_of_what_agrees(trained: Trained) -> None:
    threshold = trained.scheme.verify(trained.suspect, trained.key).threshold
    reading = trained.scheme.reading(trained.suspect, trained.key)
    agreement = reading.pop("agreement")
    assert (agreement.dtype, agreement.ndim) == (bool, 2)
    assert agreement.mean() >= max(threshold, EMBEDDED[trained.scheme.kind])
    unmarked = trained.scheme.reading(trained.unmarked, trained.key)["agreement"]
    assert unmarked.shape == agreement.shape
    assert unmarked.mean() < threshold
    for picture in reading.values():
        assert picture.ndim == 3
        assert np.isfinite(picture).all()


def test_wrong_keys_do_not_verify_the_marked_model(trained: Trained) -> None:
    decoys = [trained.scheme.decoy(trained.key, seed=seed) for seed in range(8)]
    assert len({key.fingerprint for key in [trained.key, *decoys]}) == 9
    assert not any(trained.scheme.verify(trained.suspect, key).marked for key in decoys)
    # The fixture's secret is new_secret(1): a decoy of seed 1 must not be the owner's key again.
    assert decoys[1].secret == trained.scheme.decoy(trained.key, seed=1).secret != trained.key.secret


def test_the_mark_costs_little(trained: Trained) -> None:
    part, figure, (least, most), loss = COSTS[trained.scheme.kind]
    quality = trained.kind.quality(part(trained))
    fidelity = quality.fidelity(*(quality.answers(suspect) for suspect in (trained.suspect, trained.unmarked)))
    assert least < fidelity[figure] < most
    before, after = (fidelity[name] for name in trained.kind.task_figures)
    assert after > before - loss, (before, after)


def test_history_names_its_stages(trained: Trained) -> None:
    assert all(line["stage"] and line["epoch"] >= 1 and np.isfinite(line["loss"]) for line in trained.result.history)
    assert bool(trained.result.history) == (trained.scheme.name not in UNTRAINED)
    if trained.scheme.name in OWN - UNTRAINED:
        assert trained.result.history[0]["stage"] == FIRST_STAGES.get(trained.scheme.name, "host")


def test_the_model_takes_what_the_host_takes(trained: Trained) -> None:
    taken, model = trained.host.input_shape, trained.result.model
    if trained.scheme.name in OWN:
        assert model.input_shape == taken
    for height, width in SIZES if model.input_shape[1:3] == (None, None) else ():
        pictures = np.random.default_rng(0).random((2, height, width, taken[-1]), np.float32)
        answers = model(pictures, training=False).numpy()
        assert answers.shape == pictures.shape
        assert np.isfinite(answers).all()
        if trained.scheme.name in CLIPS:
            assert answers.min() >= 0.0
            assert answers.max() <= 1.0


def test_the_model_survives_a_file(trained: Trained, tmp_path: Path) -> None:
    trained.result.model.save(tmp_path / "model.keras")
    again, pictures = load_network(tmp_path / "model.keras"), trained.kind.images(trained.data)[:4]
    np.testing.assert_allclose(KerasSuspect("again", again)(pictures), trained.suspect(pictures), atol=1e-5)


def test_nothing_was_mutated(trained: Trained) -> None:
    for before, after in zip(trained.host_weights, trained.host.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert trained.host.trainable
    for name, array in vars(trained.data_copy).items():
        np.testing.assert_array_equal(getattr(trained.data, name), array)
    arrays = {name: array.copy() for name, array in trained.key.arrays.items()}
    trained.scheme.verify(trained.suspect, trained.key)
    for name, array in trained.key.arrays.items():
        np.testing.assert_array_equal(array, arrays[name])


@pytest.fixture(scope="module")
def elsewhere(tiny: Callable[[str], Trained], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every scheme's verdict in another process, from files: one process for all, since TensorFlow starts slowly."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for name in SCHEMES:
        tiny(name).key.save(folder / name / "key")
        tiny(name).result.model.save(folder / name / "marked.keras")
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom tfwm.keys import OwnerKey\n"
        "from tfwm.schemes import scheme_of\nfrom tfwm.suspects import open_suspect\nverdicts = {}\n"
        "for folder in map(Path, sys.argv[1:]):\n"
        "    key, suspect = OwnerKey.load(folder / 'key'), open_suspect(str(folder / 'marked.keras'))\n"
        "    verdicts[folder.name] = scheme_of(key).verify(suspect, key).as_dict()\n"
        "print(json.dumps(verdicts))"
    )
    command = [sys.executable, "-c", code, *(str(folder / name) for name in SCHEMES)]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_key_and_model_give_the_same_verdict_in_another_process(trained: Trained, elsewhere) -> None:
    expected = trained.scheme.verify(trained.suspect, trained.key).as_dict()
    assert elsewhere[trained.scheme.name] == pytest.approx(expected, abs=1e-4)


def test_the_key_loads_with_its_settings(trained: Trained, tmp_path: Path) -> None:
    trained.key.save(tmp_path / "key")
    key = OwnerKey.load(tmp_path / "key")
    assert scheme_of(key) == trained.scheme
    assert (key.fingerprint, sorted(key.arrays)) == (trained.key.fingerprint, sorted(trained.key.arrays))
    np.testing.assert_array_equal(trained.scheme.probe_images(key), trained.scheme.probe_images(trained.key))


def test_no_secret_in_repr_and_no_labels_in_the_key(trained: Trained) -> None:
    key = trained.key
    shown = f"{key!r} {key} {trained.result!r} {trained.scheme.verify(trained.suspect, key)!r}"
    assert key.fingerprint in shown
    for secret in (key.secret.hex(), repr(key.secret), key.token.hex(), repr(key.token)):
        assert secret not in shown
    if isinstance(trained.scheme, KeySampleScheme):
        labels = trained.scheme.key_labels(key)
        assert (labels.dtype, labels.shape) == (np.int64, trained.scheme.probe_images(key).shape[:1])
        assert not any(array.shape == labels.shape and (array == labels).all() for array in key.arrays.values())
