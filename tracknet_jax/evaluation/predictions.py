"""Positions of another tracker: finding the CSV file of a clip, and its row for every labelled frame."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tracknet_jax.data.clips import UNLABELLED, Clip
from tracknet_jax.errors import UserError
from tracknet_jax.evaluation.scores import ClipScore, score_clip
from tracknet_jax.protocols import Protocol, to_pixels
from tracknet_jax.tracking.track import Track


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
            raise UserError(
                f"{folder}: no predictions for clip {clip.name}; expected {clip.name}_ball.csv or "
                f"{clip.name.replace('/', '_')}_ball.csv with Frame,Visibility,X,Y"
            )
        found[clip.name] = path
    return found


def _short_names(clip: Clip) -> list[str]:
    video = [clip.frames.stem] if isinstance(clip.frames, Path) else []
    return [clip.name.rpartition("/")[2], *video]


def score_track(
    clip: Clip,
    track: Track,
    size: tuple[int, int],
    rule: Protocol,
    *,
    where: str,
    allow_missing_rows: bool = False,
) -> ClipScore:
    """Scores a track with one row a frame on a labelled clip, every labelled frame once.

    Args:
        size: (width, height) of the source, whose pixels `track` is in.
        where: what to name when rows are wrong: the file, or the video.
        allow_missing_rows: a labelled frame without a row counts as nothing found, instead of being an error;
            some trackers drop the last frames.

    Raises:
        UserError: a frame has two rows, or a labelled frame none.
    """
    assert clip.labels is not None
    labelled = clip.labels.frame[clip.labels.visibility != UNLABELLED]
    numbers, first, repeats = np.unique(track.frame, return_index=True, return_counts=True)
    if (repeats > 1).any():
        raise UserError(f"{where}: frame {numbers[repeats > 1][0]} has two rows, expected one row a frame")
    missing = np.setdiff1d(labelled, numbers)
    if missing.size and not allow_missing_rows:
        raise UserError(
            f"{where}: has no row for frame {missing[0]} and {missing.size - 1} more of the {labelled.size} "
            f"labelled frames of {clip.name}; if the tracker leaves frames out, use --allow-missing-rows"
        )
    predicted = np.full((labelled.size, 2), np.nan, np.float32)
    confidence = np.zeros(labelled.size, np.float32)
    present = np.isin(labelled, numbers)
    rows = first[np.searchsorted(numbers, labelled[present])]
    predicted[present], confidence[present] = track.xy[rows], track.confidence[rows]
    pixels = to_pixels(predicted, size, rule)
    return score_clip(clip, size, labelled, predicted, confidence, rule, pixels)
