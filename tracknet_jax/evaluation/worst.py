"""A contact sheet of the worst errors: crops with prediction and truth drawn, clip and frame named."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tracknet_jax.errors import UserError
from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.files import replacing
from tracknet_jax.metrics import FN, FP1, FP2, OUTCOMES

PICTURES = (".png", ".jpg")
TILE = (320, 180)  # width, height of a crop in the sheet
CAPTION = 34  # pixels of text below it
COLUMNS = 4
CROP = 0.25  # of the source's width: the smallest crop
SPACING = 30  # frames between two errors shown of one clip, which would else be one error seen many times
TRUTH, PREDICTION = (80, 230, 80), (60, 80, 255)  # BGR
BLACK = (0, 0, 0)


@dataclass(frozen=True)
class Error:
    """One frame that was scored wrong; positions in source pixels, NaN where none."""

    score: ClipScore
    index: int  # in the arrays of `score`

    @property
    def frame(self) -> int:
        """Frame number in the clip."""
        return int(self.score.frame[self.index])

    @property
    def code(self) -> int:
        """Outcome, see `metrics`."""
        return int(self.score.codes[self.index])


def worst_errors(scores: Sequence[ClipScore], count: int = 24) -> list[Error]:
    """The worst errors, as many of each kind as there are, sorted by kind and the worst first.

    Wrong places by distance, false detections by confidence, misses by how long the ball was lost; of
    neighbouring frames of a clip only the worst.
    """
    kinds = [_spaced(_ranked(scores, code)) for code in (FP1, FP2, FN)]
    chosen: list[Error] = []
    while kinds and len(chosen) < count:
        for kind in list(kinds):
            error = next(kind, None)
            if error is None:
                kinds.remove(kind)
            elif len(chosen) < count:
                chosen.append(error)
    return sorted(chosen, key=lambda error: error.code)


def _ranked(scores: Sequence[ClipScore], code: int) -> list[Error]:
    """All errors of one kind, the worst first."""
    errors = [Error(s, int(i)) for s in scores for i in np.flatnonzero(s.codes == code)]
    return sorted(errors, key=_badness, reverse=True)


def _badness(error: Error) -> float:
    score, i = error.score, error.index
    if error.code == FP1:
        return float(score.distance[i])
    if error.code == FP2:
        return float(score.confidence[i])
    return float(_frames_lost(score)[i])


def _frames_lost(score: ClipScore) -> np.ndarray:
    """How many misses in a row each entry is one of, `(N,)`; 0 where it is no miss."""
    missed = score.codes == FN
    run = np.cumsum(~missed)
    return np.where(missed, np.bincount(run[missed], minlength=len(run) + 1)[run], 0)


def _spaced(errors: list[Error]) -> Iterator[Error]:
    """Leaves out errors close behind or before a worse one of the same clip."""
    shown: dict[str, list[int]] = defaultdict(list)
    for error in errors:
        frames = shown[error.score.clip.name]
        if all(abs(error.frame - frame) >= SPACING for frame in frames):
            frames.append(error.frame)
            yield error


def check_picture_name(path: Path) -> None:
    """Raises `UserError` unless the file name is that of a picture we write."""
    if path.suffix.lower() not in PICTURES:
        raise UserError(f"{path}: the contact sheet is a picture, name it {' or '.join(PICTURES)}")


def write_contact_sheet(path: Path, errors: Sequence[Error]) -> None:
    """Draws the errors as a grid of captioned crops into a picture file.

    The truth is a green circle, the prediction a red cross. `UserError` if the file cannot be written.
    """
    check_picture_name(path)
    tiles = _tiles(errors)
    width, height = TILE[0], TILE[1] + CAPTION
    rows = -(-len(errors) // COLUMNS)
    sheet = np.full((rows * height or CAPTION, COLUMNS * width, 3), 24, np.uint8)
    if not errors:
        _text(sheet, "no errors", (8, 22))
    for k, error in enumerate(errors):
        top, left = (k // COLUMNS) * height, (k % COLUMNS) * width
        sheet[top : top + TILE[1], left : left + width] = tiles[k]
        for line, text in enumerate(_caption(error)):
            _text(sheet, text, (left + 4, top + TILE[1] + 13 + 15 * line))
    with replacing(path) as partial:
        encoded = cv2.imencode(path.suffix, sheet)[1]
        partial.write_bytes(encoded.tobytes())


def _tiles(errors: Sequence[Error]) -> list[np.ndarray]:
    """The crop of each error; every clip is read once."""
    by_clip: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for k, error in enumerate(errors):
        by_clip[error.score.clip.name][error.frame].append(k)
    tiles: dict[int, np.ndarray] = {}
    for footage in {error.score.clip.name: error.score.footage for error in errors}.values():
        wanted = by_clip[footage.clip.name]
        for position, frame in enumerate(footage.frames()):
            for k in wanted.pop(footage.number(position), ()):
                tiles[k] = _crop(frame, errors[k])
            if not wanted:
                break
    return [tiles[k] for k in range(len(errors))]


def _crop(frame: np.ndarray, error: Error) -> np.ndarray:
    """The part of a frame around prediction and truth, enlarged to a tile, both drawn."""
    height, width = frame.shape[:2]
    marks = {TRUTH: error.score.truth[error.index], PREDICTION: error.score.predicted[error.index]}
    points = np.array([xy for xy in marks.values() if np.isfinite(xy).all()])
    if not points.size:  # a miss of a ball that was never located: anywhere in the frame
        points = np.array([(0, 0), (width, height)])
    middle = (points.min(0) + points.max(0)) / 2
    extent = np.ptp(points, axis=0)
    # Wide enough for both points with a margin, of the tile's shape, and no more than the whole frame.
    ratio = TILE[0] / TILE[1]
    crop_width = max(CROP * width, 1.4 * extent[0], 1.4 * extent[1] * ratio)
    crop_width = min(crop_width, max(width, height * ratio))
    scale = TILE[0] / crop_width
    half = np.array([crop_width, crop_width / ratio]) / 2
    low = np.minimum(np.maximum(middle - half, 0), np.maximum(np.array([width, height]) - 2 * half, 0))
    affine = np.array([[scale, 0, -low[0] * scale], [0, scale, -low[1] * scale]])
    tile = cv2.warpAffine(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), affine, TILE, flags=cv2.INTER_LINEAR)
    for colour, xy in marks.items():
        if np.isfinite(xy).all():
            _mark(tile, colour, (xy - low) * scale)
    return tile


def _mark(tile: np.ndarray, colour: tuple[int, int, int], xy: np.ndarray) -> None:
    centre = (round(float(xy[0])), round(float(xy[1])))
    for stroke, width in ((BLACK, 3), (colour, 1)):  # outlined, to be seen on any ground
        if colour == TRUTH:
            cv2.circle(tile, centre, 12, stroke, width, cv2.LINE_AA)
        else:
            cv2.drawMarker(tile, centre, stroke, cv2.MARKER_TILTED_CROSS, 16, width, cv2.LINE_AA)


def _caption(error: Error) -> tuple[str, str]:
    score, i = error.score, error.index
    told = {
        FP1: f"{score.distance[i]:.0f} px off, confidence {score.confidence[i]:.2f}",
        FP2: f"nothing there, confidence {score.confidence[i]:.2f}",
        FN: f"lost for {_frames_lost(score)[i]} frames, visibility {score.visibility[i]}",
    }[error.code]
    return f"{score.clip.name} frame {error.frame}"[-46:], f"{OUTCOMES[error.code]}: {told}"


def _text(image: np.ndarray, text: str, corner: tuple[int, int]) -> None:
    cv2.putText(image, text, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (230, 230, 230), 1, cv2.LINE_AA)
