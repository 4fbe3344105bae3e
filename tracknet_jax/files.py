"""Writing a file so that it is there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tracknet_jax.errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a path beside `path` to write to; renames it into place on success, removes it on any failure.

    The suffix stays the same, because video and picture writers choose their format by it. Missing folders
    are made. An `OSError` (disk full, no permission) becomes a one-line `UserError`; an old file stays.
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):  # where no folder could be made, there is nothing to remove
            partial.unlink()


def cannot_write(path: Path, error: OSError) -> UserError:
    """The one line for a file that cannot be written."""
    return UserError(f"{path}: cannot be written ({error.strerror or error})")
