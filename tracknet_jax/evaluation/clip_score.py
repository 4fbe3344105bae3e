"""The scored frames of one clip, from a track or from any list of predictions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tracknet_jax import metrics
from tracknet_jax.data.clips import UNLABELLED, Clip
from tracknet_jax.errors import UserError
from tracknet_jax.metrics import FN, FP1, IGNORED, TP, Counts
from tracknet_jax.protocols import Protocol, outcomes, reference_points, to_pixels
from tracknet_jax.tracking.track import Track


@dataclass(frozen=True)
class ClipScore:
    """The scored frames of one clip, N entries each; under windows counting a frame has several.

    Attributes:
        size: (width, height) of the source.
        predicted, truth: `(N, 2)` source pixels, NaN where none.
        confidence: `(N,)`, 0 where nothing was found.
        codes: `(N,)` outcomes, see `metrics`.
        distance: `(N,)` from prediction to reference point in the protocol's pixels, NaN if one is missing.
    """

    clip: Clip
    size: tuple[int, int]
    frame: np.ndarray
    visibility: np.ndarray
    predicted: np.ndarray
    truth: np.ndarray
    confidence: np.ndarray
    codes: np.ndarray
    distance: np.ndarray

    @property
    def counts(self) -> Counts:
        """Frames by outcome."""
        return Counts.from_codes(self.codes)

    def at(self, tolerance: float, strict: bool) -> "ClipScore":
        """The same predictions under another tolerance."""
        near = self.distance < tolerance if strict else self.distance <= tolerance
        both = np.isin(self.codes, (TP, FP1))
        return replace(self, codes=np.where(both, np.where(near, TP, FP1), self.codes).astype(np.uint8))

    @property
    def longest_miss(self) -> int:
        """The longest run of scored frames in which a visible ball was not found where it is."""
        missed = np.isin(self.codes[self.codes != IGNORED], (FN, FP1))
        edges = np.flatnonzero(np.diff(np.concatenate([[0], missed, [0]])))
        return int(np.max(edges[1::2] - edges[::2], initial=0))


def score_clip(
    clip: Clip,
    size: tuple[int, int],
    frame: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
    rule: Protocol,
    pixels: np.ndarray,
) -> ClipScore:
    """Scores predictions of frames of a labelled clip.

    Args:
        clip: with labels; frames without one are left out of every score.
        size: (width, height) of the source.
        frame: `(N,)` frame numbers, any of them any number of times.
        predicted: `(N, 2)` source pixels, NaN where nothing was found.
        confidence: `(N,)`.
        rule: the protocol.
        pixels: `(N, 2)` the predictions again, in the pixels of `rule`.
    """
    assert clip.labels is not None
    truth, visibility = clip.labels.dense(int(frame.max(initial=-1)) + 1)
    truth, visibility = truth[frame], visibility[frame]
    reference = reference_points(truth, size, rule)
    return ClipScore(
        clip=clip,
        size=size,
        frame=frame,
        visibility=visibility,
        predicted=predicted,
        truth=truth,
        confidence=confidence,
        codes=outcomes(pixels, reference, visibility, rule),
        distance=metrics.distances(pixels, reference),
    )


def check_labels(clip: Clip, decoded: np.ndarray) -> None:
    """Raises `UserError` if `clip` has labels of frames that are not among the `decoded` frame numbers."""
    assert clip.labels is not None
    lost = np.setdiff1d(clip.labels.frame[clip.labels.visibility != UNLABELLED], decoded)
    if lost.size:
        raise UserError(
            f"{clip.name}: labels of {lost.size} frames, from frame {lost[0]} on, that are not among the "
            f"{len(decoded)} decoded frames; `tracknet data inspect` shows what is wrong"
        )


def labelled(clips: Sequence[Clip]) -> list[Clip]:
    """The clips with at least one labelled frame."""
    return [c for c in clips if c.labels is not None and (c.labels.visibility != UNLABELLED).any()]


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
