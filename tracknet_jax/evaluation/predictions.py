"""Positions of another tracker: one CSV file for each clip, found by the clip's name."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tracknet_jax.data.clips import Clip
from tracknet_jax.errors import UserError
from tracknet_jax.evaluation.clip_score import ClipScore, score_track
from tracknet_jax.evaluation.footage import Footage
from tracknet_jax.protocols import Protocol
from tracknet_jax.tracking.track import Track


def score_predictions(
    clips: Sequence[Footage], folder: Path, rule: Protocol, allow_missing_rows: bool = False
) -> Iterator[ClipScore]:
    """Scores the CSV files of another tracker, every labelled frame once whatever the protocol counts.

    Raises:
        UserError: a clip has no file, or a file cannot be used; see `find_csvs` and `score_track`.
    """
    files = find_csvs(folder, [footage.clip for footage in clips])
    for footage in clips:
        path = files[footage.clip.name]
        track = Track.from_csv(path)
        yield score_track(footage, rule, track, where=str(path), allow_missing_rows=allow_missing_rows)


def find_csvs(folder: Path, clips: Sequence[Clip]) -> dict[str, Path]:
    """The prediction file of each clip, by clip name.

    Looked for, in this order, each with `_ball.csv` and `.csv` behind it: the clip's name as a path, the name
    with `_` for `/`, and, where no two clips share it, the name's last part and the video's stem.

    Raises:
        UserError: `folder` is not one, or has no file for a clip.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: not a folder of prediction CSV files")
    short = {clip.name: _short_names(clip) for clip in clips}
    shared = Counter(name for names in short.values() for name in set(names))
    found = {}
    for clip in clips:
        stems = [clip.name, clip.name.replace("/", "_")]
        stems += [name for name in short[clip.name] if shared[name] == 1]
        candidates = [folder / f"{stem}{end}" for stem in stems for end in ("_ball.csv", ".csv")]
        path = next((path for path in candidates if path.is_file()), None)
        if path is None:
            names = " or ".join(f"{name}_ball.csv" for name in dict.fromkeys(stems[:2]))
            raise UserError(
                f"{folder}: no predictions for clip {clip.name}; expected {names} with Frame,Visibility,X,Y"
            )
        found[clip.name] = path
    return found


def _short_names(clip: Clip) -> list[str]:
    video = [clip.frames.stem] if isinstance(clip.frames, Path) else []
    return [clip.name.rpartition("/")[2], *video]
