from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tensorflow import keras

from tests.attacks.toys import patches, same_weights
from tests.doubles import coarse_pairs, smallest_scheme
from tfwm.attacks import Compose, Overwrite, Surrogate, attack_from_dict, attack_to_dict
from tfwm.attacks.kernels import kernels_of
from tfwm.attacks.overwriting import thief_secret
from tfwm.attacks.thief import thief_seed
from tfwm.data.tasks.trial import photograph_patches
from tfwm.keys import new_secret
from tfwm.networks import classifier
from tfwm.schemes import scheme_from_dict, scheme_to_dict
from tfwm.suspects import FunctionSuspect, KerasSuspect, as_float
from tfwm.training import Schedule
from tfwm.types import CLASSIFICATION, RESTORATION, Access, ImagePairs

pytestmark = pytest.mark.trains

SCHEDULE = {"epochs": 2, "steps_per_epoch": 4, "batch_size": 4, "learning_rate": 3e-3, "decay": "constant"}
STEPS = {"epochs": 1, "steps_per_epoch": 2, "batch_size": 20, "learning_rate": 0.01, "decay": "constant"}
TINY = {"scheme": "trigger_image", "preset": "tiny", "visualizer": False, "embedding": SCHEDULE}


def test_weights_change_with_every_key_and_the_file_is_the_result(suspect, data, run) -> None:
    one, two = (Overwrite(TINY, count)(suspect, data, run.child(str(count))) for count in (1, 2))
    kernels = [attacked.model.get_weights()[0] for attacked in (suspect, one, two)]
    assert np.abs(kernels[1] - kernels[0]).max() > 1e-4
    assert np.abs(kernels[2] - kernels[1]).max() > 1e-4
    saved = keras.models.load_model(run.directory / "2" / "model.keras", compile=False)
    np.testing.assert_array_equal(saved(data.inputs / np.float32(255)), two(data.inputs))


def test_it_is_the_schemes_own_training_with_the_thiefs_secrets(suspect, data, run, monkeypatch) -> None:
    scheme, seen = type(scheme_from_dict(TINY)), []
    train = scheme.train

    def spied(self, host, pairs, machine, *, secret):
        seen.append((self, machine.seed, secret))
        return train(self, host, pairs, machine, secret=secret)

    monkeypatch.setattr(scheme, "train", spied)
    Overwrite(TINY, 2)(suspect, data, run)
    settings, seeds, secrets = zip(*seen)
    assert set(settings) == {scheme_from_dict(TINY)}
    assert len({*seeds, run.seed}) == 3
    assert len({*secrets, new_secret(run.seed)}) == 3


def test_no_secret_is_the_owners_or_another_thiefs() -> None:
    thieves = {thief_secret(seed, index) for seed in range(50) for index in range(5)}
    assert len(thieves | {new_secret(seed) for seed in range(50)}) == 300
    assert {len(secret) for secret in thieves} == {32}


def test_the_thiefs_own_key_verifies_in_what_he_overwrote(suspect, data, run) -> None:
    enough = {**TINY, "embedding": {**SCHEDULE, "epochs": 4, "steps_per_epoch": 50, "learning_rate": 5e-3}}
    scheme = scheme_from_dict(enough)
    Overwrite(enough)(suspect, data, run)
    # The same training again, from its checkpoints, for the key that the attack threw away.
    machine = replace(run.child("key_0"), seed=thief_seed(run.seed))
    marked = scheme.train(suspect.model, data, machine, secret=thief_secret(run.seed, 0))
    stolen = KerasSuspect("file", keras.models.load_model(run.directory / "model.keras", compile=False))
    queries = patches(2, seed=9)
    np.testing.assert_array_equal(stolen(queries), KerasSuspect("again", marked.model)(queries))
    agreeing = scheme.verify(stolen, marked.key).score
    assert agreeing > scheme.verify(suspect, marked.key).score


def test_killed_overwriting_resumes_to_the_same_weights(suspect, data, run, killed_after_first_epoch) -> None:
    attack = Overwrite(TINY, 2)
    with pytest.raises(KeyboardInterrupt):
        attack(suspect, data, run)
    killed_after_first_epoch()
    resumed, whole = attack(suspect, data, run), attack(suspect, data, run.child("whole"))
    assert same_weights(resumed, whole)


def test_deep_watermarking_too(suspect, run) -> None:
    data = ImagePairs(patches(16, seed=1), patches(16, seed=2))
    step = Schedule(1, 1, 8, decay="constant")
    attack = Overwrite(scheme_to_dict(smallest_scheme(initial=step, proxy=step, adversarial=step)))
    assert repr(attack) == "overwrite(deep_watermarking, 1 key)"
    stolen = attack(suspect, data, run)
    assert np.abs(stolen(data.inputs) - suspect(data.inputs)).max() > 1e-4


def test_data_that_the_scheme_refuses(suspect, run) -> None:
    grey = ImagePairs(patches(8, seed=1)[..., :1], patches(8, seed=1)[..., :1])
    with pytest.raises(ValueError, match="`data` must hold 16 x 16 images with 3 channels"):
        Overwrite(TINY)(suspect, grey, run)


def test_whole_settings_are_attacks_too_and_can_be_told_apart() -> None:
    attack = Overwrite(scheme_to_dict(scheme_from_dict(TINY)), 2)
    assert attack_from_dict(json.loads(json.dumps(attack_to_dict(attack)))) == attack
    assert attack != Overwrite(TINY, 2)
    assert len({attack, Overwrite(TINY, 2), Overwrite(TINY, 2)}) == 2


def test_it_is_for_the_hosts_that_its_scheme_marks() -> None:
    assert Overwrite.kinds == (RESTORATION, CLASSIFICATION)
    assert Overwrite(TINY).kinds == (RESTORATION,)
    assert Overwrite({"scheme": "deep_stego", "preset": "tiny"}).kinds == (CLASSIFICATION,)


@pytest.mark.parametrize("scheme", ["blind_watermark", "deep_stego"])
def test_classifiers_go_on_from_the_stolen_weights(scheme: str, classifier_suspect, run) -> None:
    mine = photograph_patches("attacker", 60, 16, seed=2)
    settings = {"scheme": scheme, "preset": "tiny", "host": {**STEPS, "weight_decay": 0.0}, "encoder": STEPS}
    attack = Overwrite(settings)
    assert repr(attack) == f"overwrite({scheme}, 1 key)"
    stolen = attack(classifier_suspect, mine, run)
    before, after = (kernels_of(one.model)[0].numpy().ravel() for one in (classifier_suspect, stolen))
    assert 1e-5 < np.abs(after - before).max()
    # Four steps change little; weights drawn afresh have nothing to do with the old ones.
    assert np.corrcoef(before, after)[0, 1] > 0.9
    fresh = kernels_of(classifier("lenet3", (16, 16, 3), 10, width=0.5, seed=9))[0].numpy().ravel()
    assert np.corrcoef(before, fresh)[0, 1] < 0.5


def test_labelled_data_of_another_task_are_refused(classifier_suspect, run) -> None:
    attack = Overwrite({"scheme": "blind_watermark", "preset": "tiny"})
    with pytest.raises(ValueError, match="`data` must hold 16 x 16 pictures with 3 channels of 10 classes"):
        attack(classifier_suspect, photograph_patches("attacker", 60, 20, seed=2), run)


def test_a_mark_in_outputs_is_overwritten_by_whoever_has_only_outputs(run) -> None:
    step = Schedule(1, 2, 8, 1e-3, "constant")
    scheme = smallest_scheme(initial=step, proxy=step, adversarial=step, logo="drawing:91")
    attack, data = Overwrite(scheme_to_dict(scheme), 2), coarse_pairs(40, 16)
    assert (attack.needs, attack.leaves) == (Access.QUERIES, Access.QUERIES)
    assert Overwrite(TINY).needs == Access.WEIGHTS
    asked: list[int] = []
    suspect = FunctionSuspect("api", lambda images: (asked.append(len(images)), 0.5 * images)[1], Access.QUERIES)
    over = attack(suspect, data, run)
    assert over.access == Access.QUERIES
    assert sum(asked) == 2 * 40
    assert len(list(run.directory.glob("key_*/overwriter.keras"))) == 2
    images = as_float(data.inputs[:4])
    changed = over(images) - suspect(images)
    assert changed.shape == images.shape
    assert 1e-6 < np.abs(changed).max() <= 2 * scheme.residual_scale + 1e-6
    # A surrogate may follow, which is the attack of the paper.
    assert Compose((attack, Surrogate.example())).leaves == Access.WEIGHTS
