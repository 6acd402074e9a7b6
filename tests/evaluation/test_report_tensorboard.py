from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from tests.evaluation.doubles import report, row
from tfwm.evaluation.cells import slug
from tfwm.evaluation.policy import Decision

pytest.importorskip("tensorflow")

from tensorboard.plugins.hparams import plugin_data_pb2
from tensorflow.python.summary.summary_iterator import summary_iterator

from tfwm.evaluation.tensorboard import figures, roc_picture, write_tensorboard


def _values(directory):
    (events,) = directory.glob("events.out.tfevents.*")
    return [value for event in summary_iterator(str(events)) for value in event.summary.value]


def test_figures_leave_out_what_is_not_there():
    made = row("unattacked", "unattacked", "marked", 64)
    assert figures(made) == {"score": 1.0, "log10_p": pytest.approx(-64 * math.log10(2)), "psnr_db": 31.25}
    assert "psnr_db" not in figures(type(made)(**{**vars(made), "psnr_db": None}))


def test_every_row_is_a_session(tmp_path):
    made = report()
    write_tensorboard(made, tmp_path / "tb", Decision(False, ("Fidelity: too low.",)))
    folders = sorted(path.name for path in (tmp_path / "tb").iterdir() if path.is_dir())
    assert len(folders) == len(made.rows)
    values = {value.tag: value for value in _values(tmp_path / "tb" / "surrogate-unet-12-l1")}
    assert {"score", "log10_p", "psnr_db"} <= set(values)
    data = plugin_data_pb2.HParamsPluginData.FromString(
        values["_hparams_/session_start_info"].metadata.plugin_data.content
    )
    assert data.session_start_info.hparams["attack"].string_value == "surrogate(unet-12, l1)"
    assert data.session_start_info.hparams["group"].string_value == "attack"


def test_the_decision_is_text(tmp_path):
    write_tensorboard(report(), tmp_path / "tb", Decision(False, ("Fidelity: too low.",)))
    values = _values(tmp_path / "tb")
    texts = {value.tag: value.tensor.string_val[0].decode() for value in values if value.tensor.string_val}
    assert "Fidelity: too low." in texts["decision"]
    assert "unmarked host" in texts["verdicts"]


def test_the_roc_is_a_picture_of_marked_against_unmarked_scores(tmp_path):
    import tensorflow as tf

    made = report()
    write_tensorboard(made, tmp_path / "tb")
    values = {value.tag: value for value in _values(tmp_path / "tb")}
    # Width, height, then the pictures as PNG files.
    _, _, file = values["ROC of marked against unmarked scores"].tensor.string_val
    shown = tf.io.decode_png(file).numpy()
    np.testing.assert_array_equal(shown, roc_picture(made))
    better = [row for row in made.rows if row.expected == "unmarked" or row.group == "unattacked"]
    assert (roc_picture(dataclasses.replace(made, rows=tuple(better))) != shown).any()
    alone = tuple(row for row in made.rows if row.expected != "unmarked")
    assert roc_picture(dataclasses.replace(made, rows=alone)) is None


def test_each_row_stands_once_however_often_it_is_written(tmp_path):
    made, folder = report(), tmp_path / "tb"
    write_tensorboard(made, folder)
    fewer = dataclasses.replace(made, rows=made.rows[:-1])
    for again in (made, fewer):
        write_tensorboard(again, folder)
        runs = sorted(path.parent for path in folder.rglob("events.out.tfevents.*"))
        assert runs == sorted([folder, *(folder / slug(row.label) for row in again.rows)])
    assert [path.name for path in tmp_path.iterdir()] == ["tb"]


def test_a_folder_with_anything_else_is_not_replaced(tmp_path):
    (tmp_path / "tb" / "notes").mkdir(parents=True)
    (tmp_path / "tb" / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"with `notes/mine\.txt`, which would be deleted"):
        write_tensorboard(report(), tmp_path / "tb")
    assert (tmp_path / "tb" / "notes" / "mine.txt").read_text() == "mine"
