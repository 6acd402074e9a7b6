"""Every surrogate of the paper can be built with public settings, and is what its column says."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow import keras

from tests.attacks.toys import patches
from tfwm.attacks import attack_from_dict, attack_to_dict, cnets, paper_surrogates
from tfwm.attacks.copies.imitation import imitator
from tfwm.suspects import as_float
from tfwm.training import Schedule

COLUMNS = ("CNet", "Res9", "Res16", "UNet", "L1", "L1+adv", "L2", "L2+adv", "perc+adv")


def _layers(network: keras.Model) -> list[keras.layers.Layer]:
    parts = [[layer, *getattr(layer, "layers", [])] for layer in network.layers]
    return [layer for part in parts for layer in part]


def test_the_columns_of_table_2() -> None:
    made = paper_surrogates()
    assert tuple(made) == COLUMNS
    assert [attack.loss for attack in made.values()][:5] == ["l2"] * 4 + ["l1"]
    assert {attack.network for column, attack in made.items() if column not in COLUMNS[:3]} == {"unet"}
    assert all(attack.filters == 64 and attack.schedule.steps == 112_500 for attack in made.values())
    assert made["UNet"] == made["L2"]
    for attack in made.values():
        assert attack_from_dict(attack_to_dict(attack)) == attack
    smaller = paper_surrogates(filters=8, unet_downs=5, schedule=Schedule(1, 2), vgg_weights="vgg.npz")
    assert repr(smaller["perc+adv"]) == "surrogate(unet-8, 5 downs, perceptual+adversarial)"
    assert smaller["perc+adv"].vgg_weights == "vgg.npz"
    assert repr(smaller["CNet"]) == "surrogate(cnet-8, l2)"
    assert smaller["Res16"].schedule.steps == 2


@pytest.mark.trains
@pytest.mark.parametrize("column, blocks", [("CNet", 0), ("Res9", 9), ("Res16", 16)])
def test_generators_have_as_many_blocks_as_their_names_say(column: str, blocks: int) -> None:
    network = paper_surrogates(filters=2)[column].build(1, seed=0)
    assert sum(isinstance(layer, keras.layers.Add) for layer in _layers(network)) == blocks
    images = as_float(patches(2, seed=3, size=24))[:, :20, :13, :1]
    assert np.isfinite(network(images)).all()
    assert network(images).shape == images.shape


@pytest.mark.trains
@pytest.mark.parametrize("column", ["L1+adv", "L2+adv"])
def test_adversarial_columns_train_a_judge(column: str) -> None:
    attack = paper_surrogates(filters=2, unet_downs=2)[column]
    trainer = imitator(attack.build(3, seed=0), attack.loss, seed=1, width=2)
    assert set(trainer.trained) == {"optimizer", "discriminator_optimizer"}


@pytest.mark.trains
def test_cnet_in_the_widths_of_figure_10() -> None:
    made = cnets()
    assert list(made)[0] == "CNet_8"
    assert list(made)[-1] == "CNet_256"
    sizes = [attack.build(1, seed=0).count_params() for attack in cnets((2, 4, 8)).values()]
    # Twice the width is about four times the weights, and the first and last layer's twice.
    assert 2 < sizes[1] / sizes[0] < 4
    assert sizes[1] / sizes[0] < sizes[2] / sizes[1] < 4
