"""Wrong sizes, empty pictures, drift and duplicates are found; ordinary photographs pass."""

import functools

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv

from tfwm.components.expectations import BUCKETS, Findings, by_chance, check, expected, found_in
from tfwm.components.settings import DataLimits
from tfwm.data.reading.records import picture_example

pytestmark = pytest.mark.trains  # loads TFDV, which takes as long as a small training

SCALARS = ("image/format", "image/content", "image/height", "image/width", "image/mean", "image/std", "image/sharpness")
COUNTS = {"owner": 120, "attacker": 60, "test": 40}


def _pictures(count, seed, *, side=12, light=1.0):
    """Blocks of several colours and grains, as different as photographs are."""
    draws = np.random.default_rng(seed)
    level, grain = draws.uniform(60, 190, (count, 1, 1, 1)), draws.uniform(5, 40, (count, 1, 1, 1))
    return [*np.clip(light * (level + grain * draws.standard_normal((count, side, side, 3))), 0, 255).astype(np.uint8)]


@functools.cache
def _parts():
    return {part: _pictures(count, seed) for seed, (part, count) in enumerate(COUNTS.items())}


def _examples(pictures):
    return [picture_example(f"{number}.png", {"image": picture}) for number, picture in enumerate(pictures)]


def _statistics(examples):
    def value(example, name):
        feature = example.features.feature[name]
        return getattr(feature, feature.WhichOneof("kind")).value[0]

    columns = {name: [value(example, name) for example in examples] for name in SCALARS}
    for name in ("image/format", "image/content"):
        columns[name] = [text.decode() for text in columns[name]]
    options = tfdv.StatsOptions(num_histogram_buckets=BUCKETS)
    return tfdv.generate_statistics_from_dataframe(pd.DataFrame(columns), options, n_jobs=1)


USUAL = DataLimits()


def _found(parts, limits=USUAL):
    examples = {part: _examples(pictures) for part, pictures in parts.items()}
    statistics = {part: _statistics(found) for part, found in examples.items()}
    schema = expected(statistics["owner"], limits)
    anomalies = {part: tfdv.validate_statistics(found, schema) for part, found in statistics.items()}
    records = {
        part: tf.data.Dataset.from_tensor_slices([example.SerializeToString() for example in found])
        for part, found in examples.items()
    }
    return found_in(statistics, anomalies, schema, records, limits)


def test_ordinary_pictures_pass():
    assert _found(_parts()) == Findings()
    check(Findings())


def test_a_format_that_the_owner_has_not_is_found():
    parts = {part: _examples(pictures) for part, pictures in _parts().items()}
    schema = expected(_statistics(parts["owner"]), USUAL)
    parts["test"][0].features.feature["image/format"].bytes_list.value[0] = b"webp"
    (name,) = tfdv.validate_statistics(_statistics(parts["test"]), schema).anomaly_info
    assert name == "image/format"


def test_a_picture_of_another_size_is_found():
    odd = [*_parts()["attacker"][1:], *_pictures(1, 9, side=8)]
    faults = _found({**_parts(), "attacker": odd}).faults
    assert [fault.split(": ")[:2] for fault in faults] == [["attacker", "image/height"], ["attacker", "image/width"]]


def test_pictures_that_show_nothing_are_found_once_they_are_more_than_a_few():
    flat = [np.full((12, 12, 3), 10 * number, np.uint8) for number in range(3)]
    parts = {**_parts(), "test": [*_parts()["test"][3:], *flat]}
    (fault,) = _found(parts).faults
    assert fault.startswith("test: image/content: ")
    assert "empty" in fault
    assert _found(parts, DataLimits(max_empty=0.1)).faults == ()


def test_a_part_in_another_light_is_found():
    dark = _pictures(60, 5, light=0.3)
    faults = _found({**_parts(), "attacker": dark}).faults
    assert {fault.split(" is unlike")[0] for fault in faults} >= {"attacker: image/mean", "attacker: image/std"}
    assert _found({**_parts(), "attacker": dark}, DataLimits(max_drift=1, max_empty=0.2)).faults == ()


def test_the_owners_pictures_in_the_thiefs_hands_are_found_and_few_are_told():
    parts = {**_parts(), "attacker": [*_parts()["attacker"][6:], *_parts()["owner"][:6]]}
    found = _found(parts)
    assert found.faults == (
        "owner: 6 of its pictures (5.0 %) are in attacker too, 0.png first",
        "attacker: 6 of its pictures (10.0 %) are in owner too, 54.png first",
    )
    some = _found(parts, DataLimits(max_duplicates=0.06))
    assert (some.notes, some.faults) == (found.faults[:1], found.faults[1:])


def test_flat_pictures_are_no_duplicates():
    flat = np.zeros((12, 12, 3), np.uint8)
    parts = {part: [*pictures, flat] for part, pictures in _parts().items()}
    assert _found(parts, DataLimits(max_empty=0.1)) == Findings()


def test_faults_stop_with_a_sentence_that_says_what_to_do():
    with pytest.raises(ValueError, match=r"The data are unusual: one; two\. Mend them, or raise a limit of `data_lim"):
        check(Findings(faults=("one", "two")))


def test_few_pictures_may_differ_by_more():
    # 3 x 9 / (8 ln 2) = 4.87, of two samples of 100 pictures 2 in 100 each.
    assert by_chance(100, 100) == pytest.approx(0.0974, abs=1e-4)
    assert by_chance(12, 64) > by_chance(32, 64) > by_chance(2000, 2560)


@pytest.mark.parametrize("name", ["max_empty", "max_drift", "max_duplicates"])
def test_limits_are_shares(name):
    with pytest.raises(ValueError, match=rf"`{name}` must .* got 1\.5"):
        DataLimits(**{name: 1.5})


def test_a_pair_is_empty_where_one_half_is():
    light = np.full((8, 8, 3), 200, np.uint8)
    for pair, content in (((light, _pictures(1, 3)[0]), b"empty"), (2 * (_pictures(1, 3)[0],), b"picture")):
        features = picture_example("a", dict(zip(("image", "target"), pair))).features.feature
        assert list(features["image/content"].bytes_list.value) == [content]
