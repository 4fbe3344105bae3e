"""From labelled clips to scored clips: a release through the tracker, or another tracker's files."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tracknet_jax.data.clips import UNLABELLED, Clip
from tracknet_jax.data.frames import frame_numbers
from tracknet_jax.errors import UserError
from tracknet_jax.evaluation.predictions import find_csvs, score_track
from tracknet_jax.evaluation.scores import ClipScore, check_labels
from tracknet_jax.evaluation.windows import score_windows
from tracknet_jax.protocols import Protocol
from tracknet_jax.releases import Release
from tracknet_jax.tracking.track import Track
from tracknet_jax.tracking.tracker import Tracker, TrackOptions, track_source
from tracknet_jax.tracking.video import open_frames


def labelled(clips: Sequence[Clip]) -> list[Clip]:
    """The clips with at least one labelled frame."""
    return [c for c in clips if c.labels is not None and (c.labels.visibility != UNLABELLED).any()]


def score_release(
    clips: Sequence[Clip],
    release: Release,
    rule: Protocol,
    options: TrackOptions = TrackOptions(),  # noqa: B008 (frozen)
    save_tracks: Path | None = None,
) -> Iterator[ClipScore]:
    """Tracks each labelled clip as `tracknet track` does and scores it, clip by clip.

    A protocol that counts windows has its own predictions: every output of every window, see `windows`.

    Args:
        save_tracks: folder for each clip's track, `<clip name>_ball.csv`.

    Raises:
        UserError: a clip cannot be read, its labels lie beyond its frames, or tracks cannot be written.
    """
    if rule.counting == "windows":
        if save_tracks is not None:
            raise UserError("a protocol that counts windows has no tracks to save; use --protocol default")
        yield from (score_windows(clip, release, rule) for clip in clips)
        return
    tracker = Tracker(release, options)
    for clip in clips:
        track = track_source(tracker, clip.frames)
        track = replace(track, frame=np.array(frame_numbers(clip.frames, len(track))))
        check_labels(clip, track.frame)
        if save_tracks is not None:
            track.to_csv(save_tracks / f"{clip.name}_ball.csv")
        assert track.size is not None
        yield score_track(clip, track, track.size, rule, where=clip.name)


def score_predictions(
    clips: Sequence[Clip], folder: Path, rule: Protocol, allow_missing_rows: bool = False
) -> Iterator[ClipScore]:
    """Scores the CSV files of another tracker, every labelled frame once whatever the protocol counts.

    Raises:
        UserError: a clip has no file, or a file cannot be used; see `predictions`.
    """
    files = find_csvs(folder, clips)
    for clip in clips:
        path = files[clip.name]
        reader = open_frames(clip.frames)
        reader.close()
        yield score_track(
            clip,
            Track.from_csv(path),
            reader.size,
            rule,
            where=str(path),
            allow_missing_rows=allow_missing_rows,
        )
