import pytest

from pipelines.completeness import LISTING, note_files, put_aside_incomplete


@pytest.fixture
def artifacts(tmp_path):
    """Two artifacts as TFX lays them out, noted."""
    for name in ("HostTrainer/host/3", "WatermarkTrainer/owner_key/4"):
        folder = tmp_path / "artifacts" / name
        (folder / "parts").mkdir(parents=True)
        for file in ("model.keras", "parts/a", "parts/b"):
            (folder / file).write_bytes(b"weights")
    (tmp_path / "artifacts" / "HostTrainer" / ".system" / "3").mkdir(parents=True)
    note_files(tmp_path / "artifacts", tmp_path / LISTING)
    return tmp_path / "artifacts"


def test_whole_artifacts_stay_where_they_are(artifacts, tmp_path):
    (artifacts / "HostTrainer/host/3/.DS_Store").touch()
    (artifacts / "HostTrainer/host/5").mkdir()  # of a run that failed, never noted
    assert put_aside_incomplete(artifacts, tmp_path / LISTING) == []
    assert put_aside_incomplete(artifacts, tmp_path / "no listing yet") == []
    assert (artifacts / "HostTrainer/host/3/model.keras").is_file()


@pytest.mark.parametrize(
    "harm, lost",
    [
        (lambda folder: (folder / "model.keras").unlink(), "model.keras"),
        (lambda folder: (folder / "parts/b").write_bytes(b"cut"), "parts/b"),
        (lambda folder: [file.unlink() for file in (folder / "model.keras", folder / "parts/a", folder / "parts/b")],
         "model.keras, parts/a, parts/b"),
    ],
)  # fmt: skip
def test_one_that_lacks_something_is_put_aside_and_told(artifacts, tmp_path, harm, lost):
    folder = artifacts / "WatermarkTrainer/owner_key/4"
    harm(folder)
    rest = sorted(path.name for path in folder.rglob("*"))
    said = put_aside_incomplete(artifacts, tmp_path / LISTING)
    assert said == [
        f"WatermarkTrainer/owner_key/4 lacks {lost}: its step runs again; the rest is in 4.incomplete-1"
    ]  # fmt: skip
    assert not folder.exists()  # so TFX finds that it is gone
    assert sorted(path.name for path in folder.with_name("4.incomplete-1").rglob("*")) == rest
    assert (artifacts / "HostTrainer/host/3").is_dir()
    assert put_aside_incomplete(artifacts, tmp_path / LISTING) == []


def test_a_folder_that_is_gone_needs_nothing(artifacts, tmp_path):
    folder = artifacts / "HostTrainer/host/3"
    folder.rename(tmp_path / "away")
    assert put_aside_incomplete(artifacts, tmp_path / LISTING) == []
