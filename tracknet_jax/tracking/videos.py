"""Tracking a video from Python."""

from contextlib import closing
from pathlib import Path
from typing import Literal

from tracknet_jax.heatmaps.ensemble import Overlap
from tracknet_jax.rectification.rectify import Method, rectification
from tracknet_jax.rectification.rectify import rectify as fill_gaps
from tracknet_jax.releases.release import load_release
from tracknet_jax.tracking.frame_tracker import FrameTracker
from tracknet_jax.tracking.placement import Fit
from tracknet_jax.tracking.prepared_video import prepare
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracks.track import Track
from tracknet_jax.video.readers import VideoSource, open_frames


def track_source(
    tracker: FrameTracker,
    source: VideoSource,
    start: int = 0,
    end: int | None = None,
    background: str | Path | None = None,
) -> Track:
    """Tracks one video, image sequence or stream from frame `start` up to `end` (half-open).

    Args:
        background: see `track`.

    Raises:
        UserError: `source` or `background` cannot be read.
    """
    with closing(open_frames(source, start, end, order="bgr")) as reader:
        tracked = tracker.track(prepare(tracker.view, reader, background))
        return Track.of((row for _, row in tracked), reader.fps, reader.size)


def track(
    video: VideoSource,
    checkpoint: str | Path = "tracknet_nano",
    *,
    start: int = 0,
    end: int | None = None,
    overlap: Overlap = "none",
    threshold: float = 0.5,
    link: bool = True,
    batch_size: int | None = None,
    fit: Fit = "auto",
    background: str | Path | None = None,
    rectify: Method | Literal["none"] = "none",
    rectifier: str | Path | None = None,
    max_gap: float = 0.5,
) -> Track:
    """Finds the ball in every frame of a video. For many videos make one `Tracker` and call `track_source` with it.

    Args:
        video: path, folder of images, image files in order, stream address or camera index.
        checkpoint: name of a shipped release, or the folder of a release or training run.
        start, end: frame numbers, half-open.
        overlap, threshold, link, batch_size, fit: see `TrackOptions`.
        background: an image of the scene without players and ball, for networks that want one (V3); None:
            the median of the frames, from a first pass over the video.
        rectify: how gaps of at most `max_gap` seconds are filled: "physics" (arcs of flight where both sides
            agree), "linear", or "net" with the weights `rectifier` (a shipped one's name, or a folder).

    Raises:
        UserError: the video or the checkpoint cannot be used; the message is one line.

    Example:
        track = tracknet_jax.track("rally.mp4")
        print(track.x[track.visible], track.fps)
        track.to_csv("rally_ball.csv")
    """
    options = TrackOptions(overlap, threshold, link, batch_size, fit)
    filling = rectification(rectify, rectifier, max_gap)
    found = track_source(Tracker(load_release(checkpoint), options), video, start, end, background)
    return found if filling is None else fill_gaps(found, filling)
