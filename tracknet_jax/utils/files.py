"""Writing files whole or not at all."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tracknet_jax.utils.errors import UserError

SILENCE = 600  # seconds without a write, after which the writer of a partial file must be dead


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a partial file beside `path` to write to. Renames it to `path` on success, removes it on failure.

    Several programs may write the same file at once: each has its own partial file, and the last rename wins. The
    next writer removes what a killed one left. The suffix is that of `path`, because video and picture writers choose
    their format by it. Missing folders are made.

    Raises:
        UserError: for an `OSError` such as a full disk; an old file stays as it was.
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
        with suppress(OSError):  # it was renamed, or its folder could not be made
            partial.unlink()


def _remove_abandoned(path: Path) -> None:
    """Removes old partial files of `path`.

    All hosts that share a folder see a file's age; a process number or a lock means something on one host only.
    """
    start, latest = f".{path.stem}.partial-", time.time() - SILENCE
    with suppress(OSError):  # another removed it first, or the folder cannot be listed
        for file in path.parent.iterdir():  # not `glob`: names may have brackets in them
            ours = file.name.startswith(start) and file.suffix == path.suffix
            if ours and file.stat().st_mtime < latest:
                file.unlink()


def cannot_write(path: Path, error: OSError) -> UserError:
    """The error for a file that cannot be written."""
    return UserError(f"{path}: cannot be written ({error.strerror or error})")
