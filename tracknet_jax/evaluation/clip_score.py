"""The scored frames of one clip."""

from dataclasses import dataclass, replace

import numpy as np

from tracknet_jax.data.clips import Clip
from tracknet_jax.evaluation.footage import Footage
from tracknet_jax.scoring import metrics
from tracknet_jax.scoring.metrics import FN, FP1, FP2, IGNORED, TP, Counts
from tracknet_jax.scoring.protocols import Protocol, outcomes, reference_points, to_pixels
from tracknet_jax.tracks.track import Track
from tracknet_jax.utils.errors import UserError


@dataclass(frozen=True)
class ClipScore:
    """The scored frames of one clip, N entries; where windows are counted, a frame has several entries.

    Attributes:
        frame: `(N,)` numbers of frames.
        visibility: `(N,)` of the labels.
        predicted, truth: `(N, 2)` source pixels, NaN where none.
        confidence: `(N,)`, 0 where nothing was found.
        codes: `(N,)` outcomes, see `metrics.Counts`.
        distance: `(N,)` from prediction to reference point in the protocol's pixels, NaN if one is missing.
    """

    footage: Footage
    frame: np.ndarray
    visibility: np.ndarray
    predicted: np.ndarray
    truth: np.ndarray
    confidence: np.ndarray
    codes: np.ndarray
    distance: np.ndarray

    @property
    def clip(self) -> Clip:
        """Name, sport and split."""
        return self.footage.clip

    @property
    def counts(self) -> Counts:
        """Frames by outcome."""
        return Counts.from_codes(self.codes)

    @property
    def detected(self) -> np.ndarray:
        """Which entries `(N,)` are detections that count."""
        return np.isin(self.codes, (TP, FP1, FP2))

    @property
    def errors(self) -> int:
        """The number of entries scored wrong."""
        return int(np.isin(self.codes, (FP1, FP2, FN)).sum())

    def at(self, tolerance: float, strict: bool) -> "ClipScore":
        """The same predictions under another tolerance."""
        near = self.distance < tolerance if strict else self.distance <= tolerance
        moved = np.where(near, TP, FP1).astype(np.uint8)
        return replace(self, codes=np.where(np.isin(self.codes, (TP, FP1)), moved, self.codes))

    @property
    def longest_miss(self) -> int:
        """The longest run of scored frames in which a visible ball was not found in its place."""
        missed = np.isin(self.codes[self.codes != IGNORED], (FN, FP1))
        edges = np.flatnonzero(np.diff(np.concatenate([[0], missed, [0]])))
        return int(np.max(edges[1::2] - edges[::2], initial=0))


def score_frames(
    footage: Footage,
    rule: Protocol,
    frame: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
    pixels: np.ndarray | None = None,
) -> ClipScore:
    """Scores predictions of frames of a labelled clip; frames without a label are left out of every score.

    Args:
        footage: the clip.
        rule: the protocol.
        frame: `(N,)` frame numbers; a number may be repeated.
        predicted: `(N, 2)` source pixels, NaN where nothing was found.
        confidence: `(N,)`.
        pixels: `(N, 2)` the same predictions in the pixels of `rule`; None: they are computed.
    """
    truth, visibility = footage.labels.dense(int(frame.max(initial=-1)) + 1)
    truth, visibility = truth[frame], visibility[frame]
    reference = reference_points(truth, footage.size, rule)
    if pixels is None:
        pixels = to_pixels(predicted, footage.size, rule)
        if rule.reference != "label":
            # The references are whole pixels; a rounding error must not decide at exactly the tolerance.
            pixels = np.round(pixels, 3)
    return ClipScore(
        footage=footage,
        frame=frame,
        visibility=visibility,
        predicted=predicted,
        truth=truth,
        confidence=confidence,
        codes=outcomes(pixels, reference, visibility, rule),
        distance=metrics.distances(pixels, reference),
    )


def score_track(
    footage: Footage, rule: Protocol, track: Track, *, where: str, allow_missing_rows: bool = False
) -> ClipScore:
    """Scores a track with one row a frame on a labelled clip, every labelled frame once.

    Args:
        footage: the clip.
        rule: the protocol.
        track: in pixels of the clip.
        where: the file to name when its rows are wrong.
        allow_missing_rows: a labelled frame without a row counts as nothing found, instead of being an error;
            some trackers drop the last frames.

    Raises:
        UserError: a frame has two rows, or a labelled frame none.
    """
    labelled = footage.labelled
    numbers, first, repeats = np.unique(track.frame, return_index=True, return_counts=True)
    if (repeats > 1).any():
        raise UserError(f"{where}: frame {numbers[repeats > 1][0]} has two rows, expected one row a frame")
    present = np.isin(labelled, numbers)
    if not present.all() and not allow_missing_rows:
        raise UserError(
            f"{where}: no row for frame {labelled[~present][0]}, in all for {np.sum(~present)} of the "
            f"{labelled.size} labelled frames of {footage.clip.name}; if the tracker leaves frames out, "
            "use --allow-missing-rows"
        )
    predicted = np.full((labelled.size, 2), np.nan, np.float32)
    confidence = np.zeros(labelled.size, np.float32)
    rows = first[np.searchsorted(numbers, labelled[present])]
    predicted[present], confidence[present] = track.xy[rows], track.confidence[rows]
    return score_frames(footage, rule, labelled, predicted, confidence)
