"""The videos that the user named on the command line, and the names of their results."""

from collections import Counter
from collections.abc import Iterable, Sequence
from glob import glob
from pathlib import Path
from urllib.parse import urlsplit

from tracknet_jax.video.capture import is_address, is_live
from tracknet_jax.video.folders import VIDEOS, natural_key

OVERLAY_SUFFIX, CSV_SUFFIX, PICTURE_SUFFIX = "_track.mp4", "_ball.csv", "_track.png"


def find_sources(arguments: Iterable[str]) -> list[str | Path]:
    """Replaces each folder by the videos in and below it; one without videos stays, as an image sequence.

    Patterns (`matches/*.mp4`, for shells that do not expand them) are replaced by what they match. Overlays of an
    earlier run (`x_track.mp4` beside its `x_ball.csv`) are left out.
    """
    sources: list[str | Path] = []
    for argument in arguments:
        if is_live(argument) or is_address(argument):
            sources.append(argument)
            continue
        matches = [] if Path(argument).exists() else sorted(glob(argument, recursive=True), key=natural_key)
        for path in map(Path, matches or [argument]):
            if not (matches and _is_overlay(path)):
                sources.extend((videos_below(path) if path.is_dir() else []) or [path])
    return sources


def videos_below(folder: Path) -> list[Path]:
    """Video files in and below a folder, in natural order."""
    videos = (path for path in folder.rglob("*") if path.suffix.lower() in VIDEOS and path.is_file())
    kept = (path for path in videos if not path.name.startswith(".") and not _is_overlay(path))
    return sorted(kept, key=lambda path: natural_key(str(path.relative_to(folder))))


def output_stems(sources: Sequence[str | Path]) -> list[str]:
    """A different stem for each source's files: the video's own, with its folders' names where two videos share it.

    Upper and lower case count as the same, because they do on many disks. Stems that are still equal (`a.mp4` and
    `a.avi` in one folder) get a number.
    """
    parts = [_name_parts(source) for source in sources]
    deepest = max(map(len, parts), default=0)
    uses = [Counter(_stem(names, depth).lower() for names in parts) for depth in range(1, deepest + 1)]

    def shortest(names: list[str]) -> str:
        stems = [_stem(names, depth) for depth in range(1, len(names) + 1)]
        return next(
            (stem for stem, used in zip(stems, uses, strict=False) if used[stem.lower()] == 1), stems[-1]
        )

    return _numbered(map(shortest, parts))


def _name_parts(source: str | Path) -> list[str]:
    """The stem of a source, then its folders' names from the innermost outwards."""
    if is_live(source) or is_address(source):
        return [_live_name(str(source))]
    path = Path(source).resolve()
    return [
        path.name if path.is_dir() else path.stem,
        *(parent.name for parent in path.parents if parent.name),
    ]


def _live_name(source: str) -> str:
    """`camera0`, or the end of an address: its file's stem, else its host, without name and password."""
    if source.isdigit():
        return f"camera{source}"
    address = urlsplit(source)
    return Path(address.path).stem or address.hostname or "stream"


def _stem(names: list[str], used: int) -> str:
    return "_".join(reversed(names[:used]))


def _numbered(stems: Iterable[str]) -> list[str]:
    taken: set[str] = set()
    result = []
    for stem in stems:
        candidate, number = stem, 2
        while candidate.lower() in taken:
            candidate, number = f"{stem}_{number}", number + 1
        taken.add(candidate.lower())
        result.append(candidate)
    return result


def _is_overlay(path: Path) -> bool:
    stem = path.name.removesuffix(OVERLAY_SUFFIX)
    return stem != path.name and path.with_name(stem + CSV_SUFFIX).exists()
