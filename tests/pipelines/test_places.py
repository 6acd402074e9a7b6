import os
from pathlib import Path

import pytest

from pipelines.places import named_place, plain_place


@pytest.fixture(autouse=True)
def links(tmp_path, monkeypatch):
    """Where links are made."""
    (tmp_path / "links").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "links"))
    return tmp_path / "links"


def test_a_plain_path_stays_as_it_is(tmp_path, links):
    assert plain_place(tmp_path / "run-1_b.c") == tmp_path / "run-1_b.c"
    assert list(links.iterdir()) == []


@pytest.mark.parametrize("name", ["run [1]", "my run", "Läufe", "a*b", "what?", "{SPAN}", "50%", "a#b", "back\\slash"])
def test_any_other_is_reached_by_a_plain_link_always_the_same(tmp_path, links, name):
    place = plain_place(tmp_path / name)
    assert place.parent == links
    assert place.name.isascii()
    assert not set(place.name) & set(" *?[]{}%#\\")
    (place / "written").write_text("there")
    assert (tmp_path / name / "written").read_text() == "there"
    assert plain_place(tmp_path / name) == place
    assert plain_place(tmp_path / (name + " ")) != place
    assert named_place(place / "artifacts/1", tmp_path / name, place) == tmp_path / name / "artifacts/1"
    assert named_place(Path("/elsewhere"), tmp_path / name, place) == Path("/elsewhere")


@pytest.mark.parametrize("put", [lambda link: link.symlink_to("/etc"), lambda link: link.mkdir()])
def test_something_else_in_the_place_of_the_link_is_refused(tmp_path, put):
    link = plain_place(tmp_path / "my run")
    link.unlink()
    put(link)
    with pytest.raises(PermissionError, match="and is something else. Remove it, or use a path of plain letters"):
        plain_place(tmp_path / "my run")


def test_a_strangers_link_is_refused(tmp_path, monkeypatch):
    plain_place(tmp_path / "my run")
    name, there = os.getuid(), os.lstat
    monkeypatch.setattr(Path, "lstat", lambda path: os.stat_result((*there(path)[:4], name + 1, *there(path)[5:])))
    with pytest.raises(PermissionError, match="must be a link to"):
        plain_place(tmp_path / "my run")
