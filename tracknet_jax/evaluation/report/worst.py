"""The worst errors as pictures: crops with prediction and truth drawn, clip and frame named."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from operator import itemgetter

import cv2
import numpy as np

from tracknet_jax.data.clips import VISIBILITY_NAMES
from tracknet_jax.data.inspection.contact_sheet import Tile, contact_sheet, crop_around
from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.scoring.metrics import FN, FP1, FP2, OUTCOMES

CROP = 0.25  # of the source's width: the smallest crop
SPACING = 30  # frames at least between two errors of a clip; nearer ones are often the same error
TRUTH, PREDICTION = (80, 230, 80), (255, 80, 60)  # RGB
BLACK = (0, 0, 0)


@dataclass(frozen=True)
class Error:
    """One entry of a scored clip that is wrong."""

    score: ClipScore
    index: int  # in the arrays of `score`

    @property
    def frame(self) -> int:
        """Frame number in the clip."""
        return int(self.score.frame[self.index])

    @property
    def code(self) -> int:
        """Outcome, see `metrics.Counts`."""
        return int(self.score.codes[self.index])


def worst_errors(scores: Sequence[ClipScore], count: int = 24) -> list[Error]:
    """The worst errors, as many of each kind as there are, sorted by kind and the worst first.

    A wrong place is the worse the farther off it is, a false detection the more confident, a miss the longer the ball
    was lost. Of neighbouring frames of a clip only the worst is taken.
    """
    kinds = [_spaced(_ranked(scores, code)) for code in (FP1, FP2, FN)]
    in_turn = (error for errors in zip_longest(*kinds) for error in errors if error is not None)
    return sorted(islice(in_turn, count), key=lambda error: error.code)


def _ranked(scores: Sequence[ClipScore], code: int) -> list[Error]:
    """All errors of one kind, the worst first."""
    found = [
        (badness[i], Error(score, int(i)))
        for score in scores
        for badness in [{FP1: score.distance, FP2: score.confidence, FN: _frames_lost(score)}[code]]
        for i in np.flatnonzero(score.codes == code)
    ]
    return [error for _, error in sorted(found, key=itemgetter(0), reverse=True)]


def _frames_lost(score: ClipScore) -> np.ndarray:
    """The length of the run of misses that each entry belongs to, `(N,)`; 0 where it is no miss."""
    missed = score.codes == FN
    run = np.cumsum(~missed)
    return np.where(missed, np.bincount(run[missed], minlength=len(run) + 1)[run], 0)


def _spaced(errors: list[Error]) -> Iterator[Error]:
    """Leaves out errors near a worse one of the same clip."""
    shown: dict[str, list[int]] = defaultdict(list)
    for error in errors:
        frames = shown[error.score.clip.name]
        if all(abs(error.frame - frame) >= SPACING for frame in frames):
            frames.append(error.frame)
            yield error


def error_sheet(errors: Sequence[Error]) -> np.ndarray:
    """The errors as a grid of captioned crops, (H, W, 3) uint8 RGB: truth a green circle, prediction a red cross."""
    return contact_sheet(error_tiles(errors), empty="no errors")


def error_tiles(errors: Sequence[Error]) -> list[Tile]:
    """The crop of each error with its caption, marked as in `error_sheet`; every clip is read once."""
    tiles: dict[int, Tile] = {}
    for footage in {error.score.clip.name: error.score.footage for error in errors}.values():
        wanted = defaultdict(list)
        for k, error in enumerate(errors):
            if error.score.footage is footage:
                wanted[error.frame].append(k)
        for position, frame in enumerate(footage.frames()):
            for k in wanted.pop(footage.number(position), ()):
                tiles[k] = Tile(_picture(frame, errors[k]), _caption(errors[k]))
            if not wanted:
                break
    return [tiles[k] for k in range(len(errors))]


def _picture(frame: np.ndarray, error: Error) -> np.ndarray:
    """The part of a frame around prediction and truth as a tile, with both drawn."""
    height, width = frame.shape[:2]
    marks = {TRUTH: error.score.truth[error.index], PREDICTION: error.score.predicted[error.index]}
    marks = {colour: xy for colour, xy in marks.items() if np.isfinite(xy).all()}
    # Without any position the ball may be anywhere in the frame.
    points = np.array(list(marks.values()) or [(0, 0), (width, height)])
    crop = crop_around(frame, points, CROP)
    for colour, xy in marks.items():
        _mark(crop.picture, colour, crop.place(xy))
    return crop.picture


def _mark(picture: np.ndarray, colour: tuple[int, int, int], centre: tuple[int, int]) -> None:
    for stroke, width in ((BLACK, 4), (colour, 2)):  # outlined, so that it is seen on any ground
        if colour == TRUTH:
            cv2.circle(picture, centre, 12, stroke, width, cv2.LINE_AA)
        else:
            cv2.drawMarker(picture, centre, stroke, cv2.MARKER_TILTED_CROSS, 16, width, cv2.LINE_AA)


def _caption(error: Error) -> tuple[str, str]:
    score, i = error.score, error.index
    lost = int(_frames_lost(score)[i])
    told = {
        FP1: f"{score.distance[i]:.0f} px off, confidence {score.confidence[i]:.2f}",
        FP2: f"nothing there, confidence {score.confidence[i]:.2f}",
        FN: f"lost for {lost} frame{'s' * (lost != 1)}, {VISIBILITY_NAMES[int(score.visibility[i])]}",
    }[error.code]
    return f"{score.clip.name} frame {error.frame}"[-46:], f"{OUTCOMES[error.code]}: {told}"
