"""Files that are written beside and renamed: by several at once, after a kill, and when writing fails."""

import os
import time

import pytest

from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import SILENCE, replacing


def test_two_at_once_each_write_a_whole_file(tmp_path):
    path = tmp_path / "frames.u8"
    with replacing(path) as first:
        first.write_bytes(b"aaaa")
        with replacing(path) as second, second.open("wb") as file:
            file.write(b"b")
            file.flush()
            assert first.read_bytes() == b"aaaa"  # not cut off by the second
            file.write(b"bbb")
        reader = path.open("rb")
        assert path.read_bytes() == b"bbbb"
    assert path.read_bytes() == b"aaaa"
    assert reader.read() == b"bbbb"  # who has opened the one before keeps it
    reader.close()
    assert list(tmp_path.iterdir()) == [path]


def break_off(partial, error):
    partial.write_text("ne")
    raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as partial:
        break_off(partial, error)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_killed_ones_left_is_removed(tmp_path):
    """But not what may still be written, nor what belongs to other files."""
    path = tmp_path / "clip[1].mp4"
    left = {}
    for name, age in ((path.name, 2), (path.name, 0), ("clip[1].csv", 2), ("clip.mp4", 2)):
        killed = replacing(tmp_path / name)
        left[name, age] = killed.__enter__()
        left[name, age].write_text("half")
        left[name, age].rename(kept := left[name, age].with_suffix(".kept"))
        killed.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
        kept.rename(left[name, age])
        then = time.time() - age * SILENCE
        os.utime(left[name, age], (then, then))
    with replacing(path) as partial:
        partial.write_text("whole")
    assert not left.pop((path.name, 2)).exists()
    assert set(tmp_path.iterdir()) == {path, *left.values()}


def test_an_error_of_the_disk_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UserError, match=r"inside\.txt: cannot be written \(File exists\)$"),
        replacing(tmp_path / "file" / "inside.txt"),
    ):
        pass
