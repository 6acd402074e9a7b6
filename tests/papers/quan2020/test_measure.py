"""Quality on pictures by hand, what of it the tables print, and that it is measured once on the same pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tensorflow import keras

from tests.papers.standins import StandIns, smoke
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.quan2020.measure import denoising_quality, home_cases, quality, quality_at_home, quality_rows
from tfwm.papers.quan2020.pictures import denoising_cases
from tfwm.papers.quan2020.scales import SCALES


def _adding(by: float) -> keras.Model:
    image = keras.Input((None, None, 1))
    return keras.Model(image, keras.layers.Rescaling(1.0, by)(image))


def _flat(value: float) -> np.ndarray:
    return np.full((1, 16, 16, 1), value, np.float32)


def test_quality_is_the_mean_over_pictures_of_clipped_answers() -> None:
    # Off by 0.1 and, clipped at white, by 0.01: 20 dB and 40 dB.
    found = quality(_adding(0.1), [(_flat(0.5), _flat(0.5)), (_flat(0.95), _flat(0.99))])
    assert found["psnr"] == pytest.approx(30.0, abs=1e-3)
    # Of flat pictures SSIM is 2ab / (a^2 + b^2) but for its small constant, C1 = 1e-4.
    first, second = ((2 * a * b + 1e-4) / (a**2 + b**2 + 1e-4) for a, b in ((0.6, 0.5), (1.0, 0.99)))
    assert found["ssim"] == pytest.approx((first + second) / 2, abs=1e-4)


def test_rows_print_what_the_paper_prints_in_its_units() -> None:
    rows = quality_rows("DnCNN, BSD68", "29.20 / 8.28 / 36.30", {"psnr": 20.0, "ssim": 0.53, "wpsnr": 26.0})
    assert [(row.label, row.paper, row.ours, row.unit) for row in rows] == [
        ("DnCNN, BSD68, PSNR", 29.2, 20.0, "dB"), ("DnCNN, BSD68, SSIM", 8.28, pytest.approx(5.3), "x 10"),
        ("DnCNN, BSD68, WPSNR", 36.3, 26.0, "dB"),
    ]  # fmt: skip
    rows = quality_rows("RED", "30.28 / 37.38", {"psnr": 20.0, "ssim": 0.53, "wpsnr": 26.0}, ("psnr", "wpsnr"))
    assert [(row.paper, row.ours) for row in rows] == [(30.28, 20.0), (37.38, 26.0)]
    assert [row.paper for row in quality_rows("RED", None, {"psnr": 20.0, "ssim": 0.53, "wpsnr": 26.0})] == [None] * 3


def test_a_figure_is_measured_once_for_the_pictures_of_its_scale(tmp_path: Path, monkeypatch) -> None:
    context, made = smoke(StandIns(tmp_path)), []

    def model() -> keras.Model:
        made.append(1)
        return _adding(0.0)

    subject = Subject({"what": "echo", "recipe_version": 1}, model)
    expected = quality(_adding(0.0), denoising_cases(context, "set11"))
    assert denoising_quality(context, subject, "set11") == denoising_quality(context, subject, "set11") == expected
    assert len(made) == 1
    monkeypatch.setitem(SCALES, "smoke", replace(SCALES["smoke"], pictures=2))
    assert denoising_quality(context, subject, "set11") != expected
    assert len(made) == 2


def test_denoisers_are_measured_on_noise_and_the_others_on_every_factor(tmp_path: Path) -> None:
    context = smoke(StandIns(tmp_path))
    ((noisy, clean),) = home_cases(context, "dncnn")
    # 25 grey levels, over 64 x 64 pixels: a standard error of 1.1 %.
    assert np.std(noisy - clean) * 255 == pytest.approx(25, rel=0.05)
    # x2, x3 and x4 of one picture of 64 pixels, cut to multiples.
    assert [clean.shape[1] for _, clean in home_cases(context, "vdsr")] == [64, 63, 64]
    echo = Subject({"what": "echo", "recipe_version": 1}, lambda: _adding(0.0))
    by_factor = [quality(_adding(0.0), [case])["psnr"] for case in home_cases(context, "vdsr")]
    assert quality_at_home(context, "vdsr", echo)["psnr"] == pytest.approx(np.mean(by_factor))
    assert by_factor[0] > by_factor[1] > by_factor[2]
