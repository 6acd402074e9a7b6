import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from tfwm.components.publishing import restored


@pytest.fixture
def pushed(tmp_path):
    folder = tmp_path / "pushed"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"weights")
    return folder


@pytest.mark.parametrize("litter", [(), (".DS_Store",)])
def test_a_version_that_is_there_is_left_alone(tmp_path, pushed, litter):
    shutil.copytree(pushed, tmp_path / "serving" / "100")
    for name in litter:
        (tmp_path / "serving" / "100" / name).touch()
    assert restored(pushed, tmp_path / "serving") == tmp_path / "serving" / "100"
    assert sorted(path.name for path in (tmp_path / "serving").iterdir()) == [".lock", "100"]


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


def test_what_a_killed_process_left_half_copied_is_removed(tmp_path, pushed):
    left = tmp_path / "serving" / ".version.tfwm-abc"
    shutil.copytree(pushed, left)
    (left / "saved_model.pb").unlink()
    version = restored(pushed, tmp_path / "serving")
    assert sorted(path.name for path in (tmp_path / "serving").iterdir()) == [".lock", version.name]


def test_two_that_push_at_once_publish_one_version(tmp_path, pushed):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: restored(pushed, tmp_path / "serving"), range(8)))
    assert len(set(found)) == 1
