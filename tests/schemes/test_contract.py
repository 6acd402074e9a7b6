"""What every scheme for hosts whose answers are images promises, on its tiny preset."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.schemes.conftest import IMAGE_SCHEMES, Trained
from tfwm.keys import OwnerKey
from tfwm.kinds.fidelity import psnr
from tfwm.networks import load_network
from tfwm.schemes import SCHEMES, make_scheme, scheme_from_dict, scheme_of, scheme_to_dict
from tfwm.suspects import FunctionSuspect, KerasSuspect
from tfwm.types import Access, MarkedModel, Scheme, Suspect

ROOT = Path(__file__).parents[2]
FIRST_STAGE = {"deep_watermarking": "initial"}  # of the others: "embedding"
CLIPS = {"deep_watermarking"}  # the others answer what a fine-tuned host answers; what is served, `export` clips
PRESETS = {name: ["paper", "reference", "fast", "tiny"] for name in ("deep_watermarking", "trigger_image")}
PRESETS |= {name: ["paper", "fast", "tiny"] for name in ("label_image", "projected_label")}
ONE_REQUEST = {"trigger_image", "label_image", "projected_label"}


def _noise(images: np.ndarray) -> np.ndarray:
    return np.random.default_rng(len(images)).random(images.shape, np.float32)


TRIVIAL = {
    "echo": lambda images: images,
    "grey": lambda images: np.full_like(images, 0.5),
    "white": np.ones_like,
    "black": np.zeros_like,
    "noise": _noise,
    "mean image": lambda images: np.broadcast_to(images.mean(axis=0), images.shape),
    "negative": lambda images: 1.0 - images,
    "not finite": lambda images: np.full_like(images, np.nan),
    "out of range": lambda images: images * 1e30,
}


def test_speaks_the_protocol(trained: Trained) -> None:
    assert isinstance(trained.scheme, Scheme)
    assert isinstance(trained.suspect, Suspect)
    assert isinstance(trained.result, MarkedModel)
    assert trained.suspect.access == Access.WEIGHTS


def test_marked_model_is_verified(trained: Trained) -> None:
    verdict = trained.scheme.verify(trained.suspect, trained.result.key)
    assert verdict.marked
    assert verdict.p_value <= verdict.alpha == trained.scheme.alpha


def test_unmarked_host_is_not(trained: Trained) -> None:
    verdict = trained.scheme.verify(KerasSuspect("host", trained.host), trained.result.key)
    assert not verdict.marked
    assert verdict.p_value > trained.scheme.alpha


@pytest.mark.parametrize("name", TRIVIAL)
def test_trivial_suspects_are_not(trained: Trained, name: str) -> None:
    verdict = trained.scheme.verify(FunctionSuspect(name, TRIVIAL[name]), trained.result.key)
    assert not verdict.marked
    assert np.isfinite(list(verdict.details.values())).all()


def test_another_schemes_key_and_alphas_out_of_reach_are_refused(trained: Trained) -> None:
    key, others = trained.result.key, sorted(set(SCHEMES) - {trained.scheme.name})
    for other in others:
        with pytest.raises(ValueError, match=f"`key` must .*{trained.scheme.name}"):
            trained.scheme.verify(trained.suspect, replace(key, scheme=other))
    for alpha in (1e-300, 0.0, 1.0, 1.5):
        with pytest.raises(ValueError, match=r"`alpha` must lie between .* Use "):
            trained.scheme.verify(trained.suspect, key, alpha=alpha)
    assert trained.scheme.verify(trained.suspect, key, alpha=0.5).alpha == 0.5


def test_a_verdict_takes_one_request(trained: Trained) -> None:
    requests: list[np.ndarray] = []

    @dataclass(frozen=True)
    class Counted:
        name: str = "counted"
        access: Access = Access.QUERIES

        def __call__(self, images: np.ndarray) -> np.ndarray:
            requests.append(images)
            return trained.suspect(images)

    verdict = trained.scheme.verify(Counted(), trained.result.key)
    assert verdict.marked
    if trained.scheme.name in ONE_REQUEST:
        (request,) = requests
        np.testing.assert_allclose(request * 255.0, trained.result.key.arrays["probes"], atol=1e-3)


def test_a_reading_is_a_picture_of_what_agrees(trained: Trained) -> None:
    reading = trained.scheme.reading(trained.suspect, trained.result.key)
    agreement = reading.pop("agreement")
    assert (agreement.dtype, agreement.ndim) == (bool, 2)
    assert agreement.mean() > 0.9
    unmarked = trained.scheme.reading(KerasSuspect("host", trained.host), trained.result.key)["agreement"]
    assert unmarked.shape == agreement.shape
    assert unmarked.mean() < 0.9
    for picture in reading.values():
        assert picture.ndim == 3
        assert np.isfinite(picture).all()


def test_wrong_keys_do_not_verify_the_marked_model(trained: Trained) -> None:
    decoys = [trained.scheme.decoy(trained.result.key, seed=seed) for seed in range(8)]
    assert len({key.fingerprint for key in [trained.result.key, *decoys]}) == 9
    assert not any(trained.scheme.verify(trained.suspect, key).marked for key in decoys)


def test_the_decoy_with_the_owners_seed_is_still_a_wrong_key(trained: Trained) -> None:
    # The fixture's secret is new_secret(1): a decoy of seed 1 must not be the owner's key again.
    decoy = trained.scheme.decoy(trained.result.key, seed=1)
    assert decoy.secret != trained.result.key.secret
    assert decoy.secret == trained.scheme.decoy(trained.result.key, seed=1).secret


def test_the_mark_costs_little(trained: Trained) -> None:
    pictures = trained.data.inputs[-64:]
    marked, unmarked = (suspect(pictures).clip(0, 1) for suspect in (trained.suspect, KerasSuspect("h", trained.host)))
    assert 24.0 < psnr(marked, unmarked) < 60.0


def test_history_names_its_stages(trained: Trained) -> None:
    assert all(np.isfinite(line["loss"]) and line["epoch"] >= 1 for line in trained.result.history)
    first = FIRST_STAGE.get(trained.scheme.name, "embedding")
    assert [line["stage"] for line in trained.result.history][0] == first


@pytest.mark.parametrize("height, width", [(50, 70), (32, 32), (1, 1), (129, 31)])
def test_the_model_answers_pictures_of_any_size(trained: Trained, height: int, width: int) -> None:
    pictures = np.random.default_rng(0).random((2, height, width, 3), np.float32)
    answers = trained.result.model(pictures, training=False).numpy()
    assert answers.shape == pictures.shape
    assert np.isfinite(answers).all()
    if trained.scheme.name in CLIPS:
        assert answers.min() >= 0.0
        assert answers.max() <= 1.0


def test_the_model_survives_a_file(trained: Trained, tmp_path: Path) -> None:
    trained.result.model.save(tmp_path / "model.keras")
    picture = np.random.default_rng(0).random((1, 50, 70, 3), np.float32)
    again = load_network(tmp_path / "model.keras")
    np.testing.assert_allclose(again(picture), trained.result.model(picture), atol=1e-6)


def test_nothing_was_mutated(trained: Trained) -> None:
    for before, after in zip(trained.host_weights, trained.host.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert trained.host.trainable
    np.testing.assert_array_equal(trained.data.inputs, trained.data_copy.inputs)
    np.testing.assert_array_equal(trained.data.targets, trained.data_copy.targets)
    arrays = {name: array.copy() for name, array in trained.result.key.arrays.items()}
    trained.scheme.verify(trained.suspect, trained.result.key)
    for name, array in trained.result.key.arrays.items():
        np.testing.assert_array_equal(array, arrays[name])


@pytest.fixture(scope="module")
def elsewhere(tiny: Callable[[str], Trained], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every scheme's verdict in another process, from files: one process for all, since TensorFlow starts slowly."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for name in IMAGE_SCHEMES:
        tiny(name).result.key.save(folder / name / "key")
        tiny(name).result.model.save(folder / name / "marked.keras")
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom tfwm.keys import OwnerKey\n"
        "from tfwm.schemes import scheme_of\n"
        "from tfwm.suspects import open_suspect\nverdicts = {}\n"
        "for folder in map(Path, sys.argv[1:]):\n"
        "    key, suspect = OwnerKey.load(folder / 'key'), open_suspect(str(folder / 'marked.keras'))\n"
        "    verdicts[folder.name] = scheme_of(key).verify(suspect, key).as_dict()\n"
        "print(json.dumps(verdicts))"
    )
    command = [sys.executable, "-c", code, *(str(folder / name) for name in IMAGE_SCHEMES)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_key_and_model_survive_files_and_give_the_same_verdict_in_another_process(trained: Trained, elsewhere) -> None:
    expected = trained.scheme.verify(trained.suspect, trained.result.key).as_dict()
    assert elsewhere[trained.scheme.name] == pytest.approx(expected, abs=1e-4)


def test_the_key_loads_with_its_settings(trained: Trained, tmp_path: Path) -> None:
    trained.result.key.save(tmp_path / "key")
    key = OwnerKey.load(tmp_path / "key")
    assert scheme_of(key) == trained.scheme
    assert key.fingerprint == trained.result.key.fingerprint
    assert sorted(key.arrays) == sorted(trained.result.key.arrays)


def test_no_secret_in_repr(trained: Trained) -> None:
    key = trained.result.key
    shown = f"{key!r} {key} {trained.result!r} {trained.scheme.verify(trained.suspect, key)!r}"
    assert key.fingerprint in shown
    for secret in (key.secret.hex(), repr(key.secret), key.token.hex(), repr(key.token)):
        assert secret not in shown


def test_every_scheme_has_its_presets() -> None:
    assert set(PRESETS) == set(IMAGE_SCHEMES)
    for name, presets in PRESETS.items():
        known = [preset for preset in ("paper", "reference", "fast", "tiny") if hasattr(SCHEMES[name], preset)]
        assert known == presets
    with pytest.raises(ValueError, match="no preset `reference`. Known: fast, paper, tiny"):
        make_scheme("label_image", "reference")


@pytest.mark.parametrize("name, preset", [(name, preset) for name in sorted(PRESETS) for preset in PRESETS[name]])
def test_settings_survive_json(name: str, preset: str) -> None:
    scheme = make_scheme(name, preset)
    values = json.loads(json.dumps(scheme_to_dict(scheme)))
    assert scheme_from_dict(values) == scheme
    assert scheme_from_dict({"scheme": name, "preset": preset}) == scheme


@pytest.mark.parametrize("name", IMAGE_SCHEMES)
def test_a_preset_with_changes(name: str) -> None:
    changed = scheme_from_dict({"scheme": name, "preset": "tiny", "alpha": 0.05})
    assert changed.alpha == 0.05
    assert scheme_to_dict(changed) == {**scheme_to_dict(make_scheme(name, "tiny")), "alpha": 0.05}


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="no scheme `deep_watermark`. Did you mean `deep_watermarking`?"):
        make_scheme("deep_watermark")
    with pytest.raises(ValueError, match="no preset `fastest`. Did you mean `fast`?"):
        make_scheme("deep_watermarking", "fastest")
    with pytest.raises(ValueError, match="no field `aplha`. Did you mean `alpha`?"):
        scheme_from_dict({"scheme": "deep_watermarking", "aplha": 1.0})
