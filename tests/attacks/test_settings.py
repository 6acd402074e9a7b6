"""The settings of every attack: which are refused, with the remedy, and which show in its label."""

from __future__ import annotations

import math

import pytest

from tfwm.attacks import (
    AveragedShifts,
    Blur,
    ComponentsSubtracted,
    Compose,
    Crop,
    Demarked,
    Distill,
    EnsembleScores,
    Evade,
    EvadeDetected,
    ExtractClassifier,
    FinePrune,
    FineTune,
    GaussianNoise,
    Jpeg,
    MeanSubtracted,
    Mirrored,
    NeuralCleanse,
    Overwrite,
    Padded,
    Prune,
    Quantize,
    ReinitializeLast,
    RequestJpeg,
    RequestResize,
    RequestShift,
    Rescaled,
    Resize,
    Rotate,
    SelfEnsemble,
    Shifted,
    Surrogate,
    Tiled,
    TuneClassifier,
    Turned,
    WeightNoise,
)  # fmt: skip

SCHEME = {"scheme": "trigger_image", "preset": "tiny"}


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Jpeg(0), "`quality` must be a whole number from 1 to 100, got 0. Use 75"),
        (lambda: Jpeg(50.5), "`quality` must be a whole number"),  # type: ignore[arg-type]
        (lambda: GaussianNoise(-0.1), "`sigma` must be a number from 1e-06 to 1, got -0.1. Images lie in"),
        (lambda: GaussianNoise(math.nan), "got nan"),
        (lambda: Crop(1.0), "`keep` must be a number from 0.01 to 0.999, got 1.0. Use 0.9"),
        (lambda: Resize(2.0), "`factor` must be .* got 2.0. Use 0.5"),
        (lambda: Rotate(0.0), "`degrees` must not be 0"),
        (lambda: Rotate(270.0), "`degrees` must be a number from -180 to 180, got 270.0"),
        (lambda: Blur(0.0), "`sigma` must be a number from 0.05 to 20, got 0.0. It is in pixels"),
        (lambda: Prune(20), "`share` must be .* got 20. It is a share, not a percentage: use 0.2"),
        (lambda: Quantize(0), "`bits` must be a whole number from 1 to 16, got 0. Use 8"),
        (lambda: WeightNoise(0.0), "`sigma` must be .* got 0.0. It is relative"),
        (lambda: FineTune("first"), "There is no choice of layers `first`. .*Known: all, last"),
        (lambda: FineTune(loss="l3"), "There is no loss `l3`. Did you mean `l"),
        (lambda: FineTune(sigma=-1.0), "`sigma` must be a number from 0 to 255, got -1.0. It is in grey levels"),
        (lambda: ReinitializeLast(0), "`layers` must be a whole number from 1 to 64, got 0. Use 1"),
        (lambda: ReinitializeLast(loss="l3"), "There is no loss `l3`"),
        (lambda: Distill(sigma=math.inf), "`sigma` must be .* got inf. It is in grey levels"),
        (lambda: Overwrite(SCHEME, 6), "`count` must be a whole number from 1 to 5, got 6. Use 1"),
        (lambda: Overwrite({"scheme": "triger_image"}), "no scheme `triger_image`. Did you mean `trigger_image`"),
        (lambda: Overwrite({**SCHEME, "celsl": 4}), "no field `celsl`. Did you mean `cells`"),
        (lambda: Overwrite("trigger_image"), "`scheme` must be a dict .* got 'trigger_image'"),  # type: ignore[arg-type]
        (lambda: Evade(0.0), "`false_alarm` must be a number from 1e-06 to 0.9, got 0.0. It is a share"),
        (lambda: Evade(blur=0.0), "`blur` must be .* got 0.0. It is in pixels"),
        (lambda: Evade(sigma=300.0), "`sigma` must be a number from 0 to 255, got 300.0"),
        (lambda: Surrogate("u-net"), "There is no network `u-net`. Did you mean `unet`"),
        (lambda: Surrogate(loss="l1+advesarial"), "Did you mean `l1\\+adversarial`"),
        (lambda: Surrogate(filters=0), "`filters` must be a whole number from 1 to 1024, got 0. Use 16"),
        (lambda: Surrogate(downs=1), "`downs` must be .* got 1. Use 5 for 64 x 64"),
        (lambda: Surrogate(blocks=-1), "`blocks` must be .* got -1"),
        (lambda: Surrogate("plain_cnn", blocks=1), "`blocks` must be 0 or at least 2 for plain_cnn, got 1"),
        (lambda: Surrogate(augment="turn"), "There is no augmentation `turn`. Did you mean `turns`"),
        (lambda: Surrogate(ask="twice"), "There is no way to ask `twice`. .*Known: once, self_ensemble"),
        (lambda: Demarked("plain_cnn", blocks=1), "`blocks` must be 0 or at least 2 for plain_cnn, got 1"),
        (lambda: Demarked(loss="l3"), "There is no loss `l3`"),
        (lambda: Demarked(augment="crop"), "There is no augmentation `crop`. Did you mean `crops`"),
        (lambda: Mirrored("diagonal"), "There is no axis `diagonal`"),
        (lambda: Turned(4), "`quarters` must be a whole number from 1 to 3, got 4. They are quarter turns"),
        (lambda: SelfEnsemble("mode"), "There is no average `mode`"),
        (lambda: Tiled(0), "`rows` must be a whole number from 1 to 64, got 0. Use 2"),
        (lambda: Tiled(overlap=-1), "`overlap` must be .* got -1. It is in pixels"),
        (lambda: Tiled(1, 1), "`rows` and `columns` must make at least two tiles, got 1 x 1"),
        (lambda: Padded(0), "`pixels` must be a whole number from 1 to 1024, got 0. Use 8"),
        (lambda: Padded(mode="reflected"), "There is no mode `reflected`. Did you mean `reflect`"),
        (lambda: Shifted(0, 0), "`rows` and `columns` must not both be 0, which moves nothing"),
        (lambda: Shifted(2000), "`rows` must be a whole number from -1024 to 1024, got 2000. It is in pixels"),
        (lambda: Shifted(mode="cycle"), "There is no mode `cycle`. Did you mean `cyclic`"),
        (lambda: AveragedShifts(0), "`pixels` must be .* got 0. It is in pixels"),
        (lambda: AveragedShifts(mode="reflect"), "There is no mode `reflect`. Did you mean `reflected`"),
        (lambda: Rescaled(0.0), "`factor` must be a number from 0.1 to 8, got 0.0. Use 1.5"),
        (lambda: Rescaled(1.0), "`factor` must not be 1, which changes nothing"),
        (lambda: MeanSubtracted("flats"), "There is no kind of pictures `flats`. Did you mean `flat`"),
        (lambda: MeanSubtracted(count=0), "`count` must be .* got 0. Use 256"),
        (
            lambda: ComponentsSubtracted(count=4, components=4),
            "`components` must be .* 1 to 3, got 4. Use 4",
        ),
        (lambda: MeanSubtracted(share=0.0), "`share` must be a number from 0.01 to 2, got 0.0. Use 1 for all of it"),
        (lambda: ComponentsSubtracted(share=3.0), "`share` must be .* got 3.0"),
        (lambda: RequestShift(0, 0), "`rows` and `columns` must not both be 0"),
        (lambda: RequestShift(1.5), "`rows` must be a whole number"),  # type: ignore[arg-type]
        (lambda: EnsembleScores(0), "`pixels` must be .* got 0. It is in pixels"),
        (lambda: Compose((Jpeg(),)), r"`attacks` must be at least two, got \[jpeg\(50\)\]"),
        (lambda: Compose((Jpeg(), Prune())), r"`prune\(0.2\)` needs WEIGHTS, but `jpeg\(50\)` leaves less. Put a"),
        (lambda: TuneClassifier("first"), "There is no choice of layers `first`. .*Known: all, last"),
        (lambda: TuneClassifier(augment="flips"), "There is no augmentation `flips`"),
        (lambda: ExtractClassifier("resnet8"), "There is no network `resnet8`. Did you mean `resnet"),
        (lambda: ExtractClassifier(width=0.0), "`width` must be a number from 0.01 to 4, got 0.0. Use 1"),
        (lambda: ExtractClassifier(answers="score"), "no kind of answers `score`. Did you mean `scores`"),
        (lambda: FinePrune(30), "`share` must be .* got 30. It is a share, not a percentage: use 0.3"),
        (lambda: NeuralCleanse(share=0.0), "`share` must be .* got 0.0. It is a share"),
        (lambda: NeuralCleanse(steps=0), "`steps` must be a whole number from 1 to 100000, got 0. Use 300"),
        (lambda: NeuralCleanse(batch=0), "`batch` must be .* got 0. Use 16"),
        (lambda: RequestJpeg(0), "`quality` must be a whole number from 1 to 100, got 0. Use 75"),
        (lambda: RequestResize(1.5), "`factor` must be .* got 1.5. Use 0.5"),
        (lambda: EvadeDetected("contents"), "There is no method `contents`. Did you mean `content`"),
        (lambda: EvadeDetected(detector="deep"), "There is no detector `deep`"),
        (lambda: EvadeDetected(false_alarm=1.0), "`false_alarm` must be .* got 1.0. It is a share"),
    ],
)
def test_settings_out_of_range_are_refused_with_the_remedy(build, message) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_what_is_not_the_default_shows_in_the_label() -> None:
    assert repr(FineTune(sigma=25, freeze_statistics=True)) == "fine_tune(all, l2, sigma 25, frozen statistics)"
    assert repr(Evade(sigma=25)) == "evade(0.01, blur 1, sigma 25)"
    assert repr(Surrogate(filters=12)) == "surrogate(unet-12, l1)"
    augmented = Surrogate("plain_cnn", filters=64, blocks=9, augment="turns_crops", ask="self_ensemble")
    assert repr(augmented) == "surrogate(plain_cnn-64, 9 blocks, l1, turns_crops, asked by self_ensemble)"
    assert repr(Demarked(augment="turns")) == "demarked(unet-16, 3 downs, l2, turns)"
    assert repr(MeanSubtracted("ordinary", share=0.5)) == "mean_subtracted(ordinary, 256, share 0.5)"
    assert repr(Tiled(3, 2)) == "tiled(3 x 2)"
    assert repr(Shifted(-1, -2, "reflected")) == "shifted(1 up, 2 left, reflected)"
    assert repr(EnsembleScores(2)) == "ensemble_scores(2)"
    tuned = TuneClassifier(augment="crop", freeze_statistics=True)
    assert repr(tuned) == "tune_classifier(all, crop, frozen statistics)"
    assert repr(FinePrune(augment="crop_flip")) == "fine_prune(0.3, crop_flip)"
