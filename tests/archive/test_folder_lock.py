"""Two runs cannot write to one folder: a local one with locks, and a remote one without."""

import pyarrow.fs
import pytest

from summarizer import BatchError
from summarizer.archive import folder_lock, storage


def test_a_second_run_on_one_folder_of_this_machine_is_refused(tmp_path):
    for folder in (str(tmp_path / "out"), (tmp_path / "out").as_uri()):
        with (
            folder_lock.claimed(folder),
            pytest.raises(BatchError, match="another run is writing"),
            folder_lock.claimed(folder),
        ):
            pass
        with folder_lock.claimed(folder):
            pass


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A local folder that counts as remote."""
    far = pyarrow.fs.SubTreeFileSystem(str(tmp_path), pyarrow.fs.LocalFileSystem())
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(storage, "_system", lambda place: (far, place.removeprefix("s3://bucket/")))
    monkeypatch.setattr(folder_lock, "_SETTLE", 0.1)
    monkeypatch.setattr(folder_lock, "BEAT", 0.1)
    monkeypatch.setattr(folder_lock, "STALE", 0.5)
    return "s3://bucket/out"


def test_a_second_run_on_one_folder_elsewhere_is_refused(elsewhere, tmp_path):
    with folder_lock.claimed(elsewhere):
        first = (tmp_path / "out" / folder_lock.NAME).read_text()
        with pytest.raises(BatchError, match="another run is writing to"), folder_lock.claimed(elsewhere):
            pass
        folder_lock.Event().wait(0.4)
        assert (tmp_path / "out" / folder_lock.NAME).read_text() != first  # the lock was renewed
    assert not (tmp_path / "out" / folder_lock.NAME).exists()


def test_a_run_that_was_killed_elsewhere_keeps_nobody_out_for_long(elsewhere, caplog):
    folder_lock._write(elsewhere, "a run that is dead", 7)
    with folder_lock.claimed(elsewhere):
        assert "waiting up to" in caplog.text


def test_a_run_that_ends_while_another_looks_at_its_lock_is_no_fault(elsewhere, tmp_path, monkeypatch):
    """Between finding the file and opening it, the other run may have removed it."""
    folder_lock._write(elsewhere, "the other", 1)
    found = folder_lock.files_of

    def gone(place):
        files = list(found(place))
        (tmp_path / "out" / folder_lock.NAME).unlink(missing_ok=True)
        return iter(files)

    with monkeypatch.context() as patch:
        patch.setattr(folder_lock, "files_of", gone)
        assert folder_lock._read(elsewhere) == ("", 0)


def test_the_lock_of_another_run_is_left_alone(elsewhere, tmp_path, caplog):
    """A run that was suspended for too long finds the lock of another run: it logs an error, and keeps that lock."""
    with folder_lock.claimed(elsewhere):
        folder_lock._write(elsewhere, "the other", 1)
        folder_lock.Event().wait(0.4)
    assert "the other" in (tmp_path / "out" / folder_lock.NAME).read_text() and "another run has taken" in caplog.text


def test_of_two_that_begin_at_once_one_gives_way(elsewhere, monkeypatch):
    monkeypatch.setattr(folder_lock.time, "sleep", lambda _: folder_lock._write(elsewhere, "the other", 1))
    with pytest.raises(BatchError, match="has just begun"), folder_lock.claimed(elsewhere):
        pass
