"""Scoring a release: through the tracker, so that what is scored is what a user gets."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from tracknet_jax.evaluation.clip_score import ClipScore, score_track
from tracknet_jax.evaluation.footage import Footage, check_labels
from tracknet_jax.evaluation.published.published_tracker import PublishedTracker
from tracknet_jax.evaluation.published.window_scores import score_windows
from tracknet_jax.heatmaps.reference_decoders import CLASS_DECODERS, MAP_DECODERS
from tracknet_jax.rectification.rectify import Rectification, rectify
from tracknet_jax.rectification.trajectories import Trajectory
from tracknet_jax.releases.release import Release
from tracknet_jax.scoring.protocols import Protocol
from tracknet_jax.tracking.frame_tracker import FrameTracker
from tracknet_jax.tracking.prepared_video import prepare
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracks.track import Track
from tracknet_jax.video.readers import GivenFrames


def score_release(
    clips: Iterable[Footage],
    release: Release,
    rule: Protocol,
    options: TrackOptions,
    save_tracks: Path | None = None,
    rectification: Rectification | None = None,
) -> Iterator[ClipScore]:
    """Tracks each labelled clip as `tracknet track` does and scores it, clip by clip.

    A protocol that counts windows has its own predictions: every output of every window, see `windows`. So has a
    network with class maps under the protocols of V1, which decode those; it has one output a window. Protocols that
    count frames and have a decoder of their own (`tracknet_v3`, ...) see each clip through `PublishedTracker`.

    Args:
        clips: to score.
        release: the network and its weights.
        rule: the protocol.
        options: of the tracker; not used where windows are counted.
        save_tracks: folder for each clip's track, `<clip name>_ball.csv`; windows make none.
        rectification: how gaps of the tracks are filled; what is filled in counts as found.

    Raises:
        UserError: a clip cannot be read, labels lie beyond its frames, or tracks cannot be written.
    """
    if rule.counting == "windows" or (release.config.head == "classes" and rule.decoder in CLASS_DECODERS):
        yield from (score_windows(footage, release, rule) for footage in clips)
        return
    tracker: FrameTracker = Tracker(release, options)
    if rule.decoder in MAP_DECODERS and rule.decoder != "centroid":
        tracker = PublishedTracker(release, rule.decoder, options.overlap)
    yield from score_tracker(clips, tracker, rule, save_tracks, rectification)


def score_tracker(
    clips: Iterable[Footage],
    tracker: FrameTracker,
    rule: Protocol,
    save_tracks: Path | None = None,
    rectification: Rectification | None = None,
) -> Iterator[ClipScore]:
    """As `score_release`, with any tracker; every frame counts once whatever the protocol counts."""
    for footage in clips:
        track = track_footage(tracker, footage)
        check_labels(footage, track.frame)
        if rectification is not None:
            track = rectify(track, rectification)
        if save_tracks is not None:
            track.to_csv(save_tracks / f"{footage.clip.name}_ball.csv")
        yield score_track(footage, rule, track, where=footage.clip.name)


def track_footage(tracker: FrameTracker, footage: Footage) -> Track:
    """The track of a clip, with the clip's own frame numbers."""
    reader = GivenFrames(footage.frames(), footage.size, anew=footage.frames)
    rows = (row for _, row in tracker.track(prepare(tracker.view, reader)))
    track = Track.of(rows, size=footage.size)
    return replace(track, frame=footage.numbers(len(track)))


def track_trajectories(tracker: FrameTracker, clips: Iterable[Footage]) -> Iterator[Trajectory]:
    """The track of each clip beside its labels; a clip of no split is one to train on."""
    for footage in clips:
        track = track_footage(tracker, footage)
        check_labels(footage, track.frame)
        truth, visibility = footage.labels.dense(int(track.frame.max(initial=-1)) + 1)
        clip = footage.clip
        yield Trajectory(
            clip.name,
            clip.sport,
            clip.split or "train",
            track,
            truth[track.frame],
            visibility[track.frame],
        )
