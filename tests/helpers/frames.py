"""Frames as a tracker takes them, from images or candidates made by hand."""

from tracknet_jax.heatmaps.decoding import Candidates
from tracknet_jax.tracking.prepared_video import Frame, prepare
from tracknet_jax.video.readers import GivenFrames


def frames_of(images, tracker, size=(64, 36), first=0):
    """The frames of one video of `size` from images in the tracker's view; None: a dropped frame."""
    video = prepare(tracker.view, GivenFrames((), size, first))
    return (Frame(video, number, image=image) for number, image in enumerate(images, first))


def frames_with(candidates):
    """Frames with candidates (xy, confidence); None: a dropped frame."""
    return (
        Frame(None, number, candidates=found and Candidates(*found))
        for number, found in enumerate(candidates)
    )
