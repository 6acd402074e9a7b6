import shutil

import pytest

from pipelines.publishing import restored


@pytest.fixture
def pushed(tmp_path):
    folder = tmp_path / "pushed"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"weights")
    return folder


def test_a_version_that_is_there_is_left_alone(tmp_path, pushed):
    shutil.copytree(pushed, tmp_path / "serving" / "100")
    assert restored(pushed, tmp_path / "serving") == tmp_path / "serving" / "100"
    assert [path.name for path in (tmp_path / "serving").iterdir()] == ["100"]


def test_a_deleted_version_comes_back(tmp_path, pushed):
    version = restored(pushed, tmp_path / "serving")
    assert version.parent == tmp_path / "serving"
    assert version.name.isdigit()
    assert (version / "variables" / "variables.index").read_bytes() == b"weights"
    assert restored(pushed, tmp_path / "serving") == version


@pytest.mark.parametrize("change", ["saved_model.pb", "variables/variables.index"])
def test_a_model_that_another_one_followed_becomes_the_newest_again(tmp_path, pushed, change):
    serving = tmp_path / "serving"
    shutil.copytree(pushed, serving / "100")
    shutil.copytree(pushed, serving / "9999999999")
    (serving / "9999999999" / change).write_bytes(b"another")
    assert restored(pushed, serving) == serving / "10000000000"


def test_a_version_with_a_stranger_in_it_is_not_the_model(tmp_path, pushed):
    shutil.copytree(pushed, tmp_path / "serving" / "100")
    (tmp_path / "serving" / "100" / "stranger").write_bytes(b"")
    assert restored(pushed, tmp_path / "serving").name != "100"
