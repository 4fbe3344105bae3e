"""Scoring a release: through the tracker, so that what is scored is what a user gets."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tracknet_jax.data.clips import Clip
from tracknet_jax.data.frames import frame_numbers
from tracknet_jax.errors import UserError
from tracknet_jax.evaluation.clip_score import ClipScore, check_labels, score_track
from tracknet_jax.evaluation.windows import score_windows
from tracknet_jax.protocols import Protocol
from tracknet_jax.releases import Release
from tracknet_jax.tracking.tracker import Tracker, TrackOptions, track_source


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
