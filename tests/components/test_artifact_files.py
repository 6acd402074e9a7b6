import stat

import pytest
import tensorflow as tf

from tfwm.components.artifact_files import private, reading, writing


def test_a_local_folder_is_used_in_place(tmp_path):
    with writing(str(tmp_path / "new")) as folder:
        (folder / "a.txt").write_text("a")
    with reading(str(tmp_path / "new")) as folder:
        assert folder == tmp_path / "new"
        assert (folder / "a.txt").read_text() == "a"


def test_a_remote_folder_is_copied_there_and_back():
    with writing("ram://artifacts/artifact") as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "a.txt").write_text("a")
        (folder / "b.txt").write_text("b")
    assert tf.io.gfile.exists("ram://artifacts/artifact/sub/a.txt")
    with reading("ram://artifacts/artifact") as folder:
        assert (folder / "sub" / "a.txt").read_text() == "a"
        assert (folder / "b.txt").read_text() == "b"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_a_failed_block_leaves_nothing_at_the_remote_address():
    def fail():
        with writing("ram://artifacts/failed") as folder:
            (folder / "half.txt").write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        fail()
    assert not tf.io.gfile.exists("ram://artifacts/failed/half.txt")


def test_a_private_folder_is_closed_even_where_it_was_open(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o755)
    assert stat.S_IMODE(private(tmp_path / "closed").stat().st_mode) == 0o700
