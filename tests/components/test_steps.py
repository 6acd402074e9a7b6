import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from tensorflow import keras

from tests.toy_classifier import toy_classifier
from tfwm.components import steps
from tfwm.components.artifact_files import KERAS_FILE, SERVING
from tfwm.config import to_dict
from tfwm.evaluation.cells import Cell
from tfwm.evaluation.policy import Decision, Policy
from tfwm.evaluation.report import Report, Row
from tfwm.kinds import KINDS
from tfwm.networks import load_network
from tfwm.schemes import make_scheme
from tfwm.suspects import SavedModelSuspect
from tfwm.training import Run
from tfwm.types import CLASSIFICATION, RESTORATION, ImagePairs, LabelledImages

pytestmark = pytest.mark.trains

VERDICT = {"marked": True, "score": 1.0, "threshold": 0.9, "p_value": 1e-9, "n": 64, "null": "chance", "alpha": 1e-6}


def _pairs(count=8, channels=3):
    inputs = np.random.default_rng(0).integers(0, 256, (count, 16, 16, channels), np.uint8)
    return ImagePairs(inputs, inputs)


def _labelled(count=40):
    images = np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3), np.uint8)
    return LabelledImages(images, np.arange(count) % 5, 5)


def _row(cell):
    return Row(**asdict(cell), verdict=VERDICT, ok=True, psnr_db=30.0, psnr_to_marked_db=40.0, ssim=0.9, seconds=1.0)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_trained_host_is_the_same_network_in_both_forms(tmp_path, channels):
    settings, run = json.dumps(to_dict(KINDS[RESTORATION].preset("tiny"))), Run(tmp_path / "run", quiet=True)
    steps.make_host(KINDS[RESTORATION], _pairs(channels=channels), settings, "", tmp_path, run)
    images = _pairs(2, channels).inputs.astype(np.float32) / 255.0
    kept = np.clip(load_network(tmp_path / KERAS_FILE)(images), 0.0, 1.0)
    np.testing.assert_allclose(SavedModelSuspect(tmp_path / SERVING)(images), kept, atol=1e-5)


def test_a_trained_classifier_is_the_same_network_in_both_forms(tmp_path):
    settings, run = json.dumps(to_dict(KINDS[CLASSIFICATION].preset("tiny"))), Run(tmp_path / "run", quiet=True)
    steps.make_host(KINDS[CLASSIFICATION], _labelled(), settings, "", tmp_path, run)
    images = _labelled().images[:2].astype(np.float32) / 255.0
    kept = load_network(tmp_path / KERAS_FILE)(images)
    np.testing.assert_allclose(SavedModelSuspect(tmp_path / SERVING)(images), kept, atol=1e-5)


@pytest.mark.parametrize("form", ["mine.keras", "mine"])
def test_a_users_host_is_taken_as_it_is(tmp_path, form):
    given = toy_classifier()
    given.save(tmp_path / form)
    (tmp_path / "host").mkdir()
    images = _labelled().images
    data = LabelledImages(images, np.argmax(given(images / np.float32(255)), axis=1), 5)  # one that guesses is refused
    steps.make_host(
        KINDS[CLASSIFICATION], data, "not looked at", str(tmp_path / form), tmp_path / "host", Run(tmp_path)
    )
    for ours, theirs in zip(load_network(tmp_path / "host" / KERAS_FILE).get_weights(), given.get_weights()):
        np.testing.assert_array_equal(ours, theirs)
    assert (tmp_path / "host" / SERVING / "saved_model.pb").is_file()


def test_settings_of_another_kinds_host_are_refused(tmp_path):
    settings = json.dumps(to_dict(KINDS[RESTORATION].preset("tiny")))
    with pytest.raises(ValueError, match="ClassifierSettings has no field `filters`"):
        steps.make_host(KINDS[CLASSIFICATION], _labelled(), settings, "", tmp_path, Run(tmp_path))


@pytest.mark.parametrize("outputs", ["logits", "probabilities"])
def test_what_only_the_host_can_say_goes_into_the_scheme(outputs):
    host = toy_classifier()
    if outputs == "probabilities":
        host = keras.Model(host.input, keras.layers.Softmax()(host.output))
    scheme = make_scheme("blind_watermark", "tiny")
    found = steps.scheme_for(scheme, _labelled(), host)
    # The data have 5 classes, the preset 10: that is left for the scheme to refuse.
    assert found == replace(scheme, outputs=outputs)


def test_a_scheme_for_restoration_is_left_as_it_is():
    scheme = make_scheme("deep_watermarking", "tiny")
    assert steps.scheme_for(scheme, _pairs(), keras.Model()) is scheme


def test_rows_come_in_the_order_of_the_plan(tmp_path):
    cells = [Cell("first", "attack", "marked"), Cell("second", "control", "host")]
    lines = [json.dumps(to_dict(_row(cell))) for cell in cells]
    (tmp_path / "rows-00000-of-00002").write_text(lines[1] + "\n")
    (tmp_path / "rows-00001-of-00002").write_text(lines[0] + "\n")
    assert [row.label for row in steps.read_rows(str(tmp_path / "rows"), cells)] == ["first", "second"]


def test_a_lost_row_is_an_error_and_not_a_shorter_report(tmp_path):
    cells = [Cell("first", "attack", "marked"), Cell("second", "control", "host")]
    (tmp_path / "rows-0").write_text(json.dumps(to_dict(_row(cells[0]))) + "\n")
    with pytest.raises(RuntimeError, match="no row for second"):
        steps.read_rows(str(tmp_path / "rows"), cells)


def test_a_report_lies_beside_the_policy_and_the_decision(tmp_path):
    report, policy = Report((_row(Cell("a", "attack", "marked")),), {"ssim": 0.9}, 2.0), Policy(alpha=1e-6)
    steps.write_report(report, policy, Decision(False, ("why",)), tmp_path)
    assert Report.load(tmp_path / "report.json") == report
    assert Policy.load(tmp_path / "policy.json") == policy
    assert json.loads((tmp_path / "decision.json").read_text()) == {"blessed": False, "reasons": ["why"]}


def test_attacks_and_policy_come_from_their_texts():
    assert [repr(attack) for attack in steps.attacks_of('[{"attack": "jpeg", "quality": 70}]')] == ["jpeg(70)"]
    assert steps.policy_of('{"alpha": 0.001}') == Policy(alpha=0.001)
    with pytest.raises(ValueError, match=r"no field `alhpa`\. Did you mean `alpha`"):
        steps.policy_of('{"alhpa": 0.001}')


def test_the_host_of_a_blessed_model_comes_before_the_users_own(tmp_path):
    (tmp_path / "model.keras").touch()
    with steps.host_file(str(tmp_path), "") as found:
        assert found == str(tmp_path / "model.keras")
    for own in ("", "mine.keras"):
        with steps.host_file("", own) as found:
            assert found == own
    with pytest.raises(FileNotFoundError, match="no longer at .*or leave `reuse_host` out"), steps.host_file("/no", ""):
        pass
