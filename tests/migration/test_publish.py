"""An output appears complete or not at all."""

import errno
import os

import pytest

from compat_saver.errors import OutputExistsError, UsageError
from compat_saver.migration.publish import staged


def test_it_appears_when_the_block_ends(tmp_path):
    with staged(tmp_path / "deep" / "out", overwrite=False) as work:
        work.mkdir()
        (work / "file").write_text("new")
        assert not (tmp_path / "deep" / "out").exists()
    assert (tmp_path / "deep" / "out" / "file").read_text() == "new"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_nothing_is_left_when_the_block_raises(tmp_path):
    with pytest.raises(KeyboardInterrupt), staged(tmp_path / "out", overwrite=False) as work:
        work.mkdir()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_an_existing_output_is_refused_and_replaced_only_on_request(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "saved_model.pb").touch()
    with pytest.raises(OutputExistsError, match="--overwrite"), staged(tmp_path / "out", overwrite=False):
        pass
    with staged(tmp_path / "out", overwrite=True) as work:
        work.mkdir()
        assert (tmp_path / "out" / "saved_model.pb").exists()
    assert list((tmp_path / "out").iterdir()) == []


def test_an_old_output_survives_a_failed_replacement(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "saved_model.pb").touch()
    with pytest.raises(OSError, match="No such file"), staged(tmp_path / "out", overwrite=True):
        pass  # nothing was written, so there is nothing to rename
    assert (tmp_path / "out" / "saved_model.pb").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_output_appearing_meanwhile_is_not_touched(tmp_path):
    with pytest.raises(OutputExistsError), staged(tmp_path / "out", overwrite=False) as work:
        work.mkdir()
        (tmp_path / "out").write_text("somebody else's")
    assert (tmp_path / "out").read_text() == "somebody else's"


def test_a_parent_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="Nothing can be written"), staged(tmp_path / "file" / "out", overwrite=False):
        pass


@pytest.mark.parametrize(
    "make", [lambda path: path.write_text("mine"), lambda path: (path / "photos").mkdir(parents=True)]
)
def test_only_a_saved_model_is_ever_replaced(tmp_path, make):
    make(tmp_path / "out")
    with pytest.raises(OutputExistsError, match="no SavedModel"), staged(tmp_path / "out", overwrite=True):
        pass
    assert (tmp_path / "out").exists()


def test_an_empty_directory_may_be_filled(tmp_path):
    (tmp_path / "out").mkdir()
    with staged(tmp_path / "out", overwrite=True) as work:
        work.mkdir()
        (work / "file").touch()
    assert (tmp_path / "out" / "file").exists()


def test_what_the_block_could_not_write_is_named(tmp_path):
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path / 'deep' / 'out'}'"):  # noqa: SIM117
        with staged(tmp_path / "deep" / "out", overwrite=False):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_directories_that_were_made_for_nothing_go(tmp_path):
    with pytest.raises(KeyboardInterrupt), staged(tmp_path / "a" / "b" / "out", overwrite=False):
        (tmp_path / "a" / "other").touch()
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "other"]
