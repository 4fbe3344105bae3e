"""Writing a file so that it is there whole or not at all."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tracknet_jax.utils.errors import UserError

SILENCE = 600  # seconds without a write after which whoever wrote a partial file must have been killed


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a path beside `path` to write to; renames it into place on success, removes it on any failure.

    Several programs may write the same file at once: each has a path of its own, and the last to end is read. What
    a killed one left is removed by the next that writes the file. The suffix stays the same, because video and
    picture writers choose their format by it. Missing folders are made. An `OSError` (disk full, no permission)
    becomes a one-line `UserError`; an old file stays.
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.partial-{uuid.uuid4().hex}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):  # where no folder could be made, there is nothing to remove
            partial.unlink()


def _remove_abandoned(path: Path) -> None:
    """Removes partial files of `path` that nobody writes any more.

    By their age, which all hosts that share a folder can tell; a process number or a lock only its own host can.
    """
    start, latest = f".{path.stem}.partial-", time.time() - SILENCE
    with suppress(OSError):  # another removed it first, or the folder cannot be listed
        for file in path.parent.iterdir():  # not `glob`: names may have brackets in them
            ours = file.name.startswith(start) and file.suffix == path.suffix
            if ours and file.stat().st_mtime < latest:
                file.unlink()


def cannot_write(path: Path, error: OSError) -> UserError:
    """The one line for a file that cannot be written."""
    return UserError(f"{path}: cannot be written ({error.strerror or error})")
