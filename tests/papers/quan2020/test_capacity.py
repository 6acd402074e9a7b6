from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfwm.papers import Context
from tfwm.papers.quan2020 import capacity, sizes, timing
from tfwm.papers.quan2020.capacity_tables import TABLE_10, TABLE_11, TABLE_12, TABLE_13
from tfwm.papers.quan2020.models import marked_of
from tfwm.papers.quan2020.scales import HOSTS, trigger_scheme
from tfwm.suspects import KerasSuspect


def test_the_printed_means_of_table_11_are_those_of_its_rows_and_of_table_12():
    for (name, size), (*factors, mean) in TABLE_11.items():
        if None not in factors:
            assert np.mean(factors) == pytest.approx(mean, abs=0.011), (name, size)
        if (name, size) in TABLE_12:
            assert TABLE_12[name, size][1] == mean


def test_the_printed_figures_of_table_10_are_those_of_table_12():
    for (name, size), (_, ours) in TABLE_12.items():
        if HOSTS[name].denoises:
            assert float(TABLE_10[name, size][1].split()[0]) == ours


def test_the_default_size_is_the_network_of_the_other_tables(desk: Context):
    for name in HOSTS:
        assert sizes.sized(desk, name, 40) == trigger_scheme(desk, name)


def test_a_size_is_the_side_of_what_the_host_receives(desk: Context):
    assert {name: sizes.sized(desk, name, 320).side for name in HOSTS} == dict.fromkeys(HOSTS, 320)
    assert sizes.sized(desk, "vdsr", 320).trigger_size == 160
    assert sizes.sized(desk, "vdsr", 320, "base1").trigger_size == 320


def test_desk_spends_fewer_epochs_on_large_triggers_and_says_so(desk: Context):
    whole = trigger_scheme(desk, "red").embedding.epochs
    assert sizes.sized(desk, "red", 320).embedding.epochs == round(whole / 2)
    assert sizes.title_of(desk, "red", 600) == "RED, 600 x 600 (0.25 of the epochs)"
    assert sizes.title_of(replace(desk, scale="paper"), "red", 600) == "RED, 600 x 600"


def test_what_desk_can_afford(desk: Context):
    assert {name: max(sizes.sizes_of(desk, name)) for name in HOSTS} == {
        "dncnn": 160, "red": 160, "vdsr": 40, "sr_dncnn": 40
    }  # fmt: skip
    assert sizes.sizes_of(replace(desk, scale="paper"), "vdsr") == sizes.SIZES


def test_a_mark_that_did_not_take_is_named_whatever_eq_8_says():
    assert sizes.taken({"marked": 1e-3, "unmarked": 9e-3, "eta": 6e-3})
    assert not sizes.taken({"marked": 7e-3, "unmarked": 20e-3, "eta": 6e-3})
    assert not sizes.taken({"marked": 3e-3, "unmarked": 4e-3, "eta": 6e-3})
    claim = capacity._mark_claim("vdsr", {20: {"marked": 3e-3, "unmarked": 4e-3, "eta": 6e-3}})
    assert claim.holds is False
    assert "not embedded: 20; where eq. 8 against G accepts the unmarked host too: 20." in claim.why


@pytest.mark.parametrize("names, table", [(("dncnn", "red"), "DENOISERS"), (("vdsr",), "SCALERS")])
def test_capacity_tables(smoke: Context, monkeypatch, names, table):
    monkeypatch.setattr(capacity, table, names)
    findings = (capacity.table10 if table == "DENOISERS" else capacity.table11)(smoke)
    labels = [row.label for row in findings.rows]
    for name in names:
        for size in (16, 24):
            assert f"{HOSTS[name].title}, {size} x {size}, distance to G" in labels
    assert len(findings.claims) == 2 * len(names) + 1


def test_table_12_compares_the_same_sizes(smoke: Context, monkeypatch):
    monkeypatch.setattr(capacity, "HOSTS", {"dncnn": HOSTS["dncnn"]})
    findings = capacity.table12(smoke)
    figures = {row.label: row.ours for row in findings.rows}
    gap = figures["DnCNN, 16 x 16, ours"] - figures["DnCNN, 16 x 16, Base-1"]
    assert f"16: {gap:+.3f}" in findings.claims[0].why


def test_table_13_takes_the_times_of_the_first_making(smoke: Context, monkeypatch):
    monkeypatch.setattr(timing, "HOSTS", {"dncnn": HOSTS["dncnn"]})
    monkeypatch.setattr(timing, "RANKED_CALLS", 1)
    first, again = timing.table13(smoke), timing.table13(smoke)
    assert first == again
    assert set(TABLE_13) == set(HOSTS)
    share = next(row for row in first.rows if "share" in row.label)
    spent = {what: smoke.cache.seconds(recipe) for what, recipe in {
        "host": timing.host_subject(smoke, "dncnn").recipe, "mark": sizes.sized_subject(smoke, "dncnn", 16).recipe,
    }.items()}  # fmt: skip
    assert float(str(share.ours).split(" / ")[0]) == pytest.approx(100 * spent["mark"] / spent["host"], abs=0.06)
    seconds = [row.ours for row in first.rows if row.unit == "s"]
    assert len(seconds) == 5
    assert all(0 < value < 10 for value in seconds)


def test_the_median_leaves_out_the_first_call(monkeypatch):
    clock = iter(np.cumsum([1, 2, 1, 4, 1, 90]).tolist())
    monkeypatch.setattr(timing, "perf_counter", lambda: next(clock))
    calls: list[int] = []
    assert timing.median_seconds(lambda: calls.append(1), 3) == 4
    assert len(calls) == 4


def test_eq_8_accepts_the_marked_host_and_no_constant_one(smoke: Context):
    marked = marked_of(smoke, "dncnn", sizes.sized(smoke, "dncnn", 16))
    scheme = sizes.sized(smoke, "dncnn", 16)
    assert timing.eq_8(scheme, KerasSuspect("marked", marked.model), marked.key)
    assert not timing.eq_8(scheme, KerasSuspect("white", lambda images, training: np.ones_like(images)), marked.key)
