"""Rectification: the gaps of a track filled by a network, by the laws of flight or by straight lines."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args

import numpy as np

from tracknet_jax.rectification import ballistic
from tracknet_jax.rectification.gaps import DEFAULT_RULE, Gap, GapRule, fillable_gaps, inpaint_mask
from tracknet_jax.rectification.inpaint import inpaint
from tracknet_jax.releases.release import RectifierRelease, load_rectifier
from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.utils.errors import UserError

T = TypeVar("T")
Method = Literal["net", "physics", "linear"]

USUAL_FPS = 30  # if the frame rate is not known
BLOCK = 16  # rows that are rectified at a time while a video streams by


@dataclass(frozen=True)
class Rectification:
    """How gaps are filled.

    Attributes:
        method: `physics`: by arcs of a flight, where they fit the detections on both sides; it needs no training and
            fits every sport. `linear`: by straight lines. `net`: by TrackNetV3's InpaintNet, trained on one sport.
        rule: which gaps are filled.
        release: the network, for `net`.
    """

    method: Method
    rule: GapRule = DEFAULT_RULE
    release: RectifierRelease | None = None

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise UserError(f"rectify {self.method!r}: choose {', '.join(get_args(Method))}")
        if (self.method == "net") != (self.release is not None):
            raise UserError(
                "rectify net needs the weights of a rectifier (a folder, or a shipped one's name); no other method "
                "takes any, and physics fits every sport"
            )

    def reach(self, fps: float) -> int | None:
        """How many frames away the rows can be that a frame depends on; None: any number."""
        if self.rule.longest is None:
            return None
        context = {
            "linear": 0,
            "physics": round(ballistic.SUPPORT * fps) + ballistic.COMPANION,
            "net": self.release.config.length if self.release else 0,
        }
        return math.ceil(self.rule.longest * fps) + context[self.method] + 2


def rectification(
    method: Method | Literal["none"],
    rectifier: str | Path | None = None,
    longest: float | None = DEFAULT_RULE.longest,
) -> Rectification | None:
    """The way to fill gaps of up to `longest` seconds, from the arguments of commands and `track`; None: not at all.

    Args:
        method: see `Rectification`.
        rectifier: the weights for `net`: a shipped rectifier's name, or the folder of a rectifier's release.
        longest: seconds.

    Raises:
        UserError: the weights cannot be read, are missing, or are given to a method without any.
    """
    release = None if rectifier is None else load_rectifier(rectifier)
    if method == "none" and release is None:
        return None
    return Rectification(cast(Method, method), GapRule(longest=longest), release)


def rectify(track: Track, how: Rectification = Rectification("physics")) -> Track:
    """`track` with positions in the gaps that `how` can fill: `source` "inpainted", confidence 0.

    Detections stay as they are. Nothing is put outside of the picture.

    Raises:
        UserError: the track does not know the size of its picture.

    Example:
        track = tracknet_jax.track("rally.mp4")
        whole = tracknet_jax.rectify(track)
    """
    if track.size is None:
        raise UserError(
            "rectify needs the size of the picture: Track.from_csv(path, fps, size=(width, height))"
        )
    filled = fill(track.xy.astype(np.float64), track.size, float(track.fps or USUAL_FPS), how)
    new = np.isfinite(filled[:, 0])
    return replace(
        track,
        visible=track.visible | new,
        x=np.where(new, filled[:, 0], track.x).astype(np.float32),
        y=np.where(new, filled[:, 1], track.y).astype(np.float32),
        source=np.where(new, "inpainted", track.source),
    )


def rectified_rows(
    rows: Iterable[tuple[T, Row]], size: tuple[int, int], fps: float, how: Rectification
) -> Iterator[tuple[T, Row]]:
    """The rows of `rectify`, each with what came along with it, as soon as no later row can change them.

    A row waits for the longest gap and for what the method looks at behind it: `how.reach(fps)` rows, about a second.
    So memory stays constant, a camera's overlay waits no longer than that, and a file needs no second pass. Without a
    longest gap all rows wait for the end.
    """
    reach = how.reach(fps)
    past: list[Row] = []  # given out, and within reach of those that follow
    held: list[tuple[T, Row]] = []

    def filled() -> Iterator[tuple[T, Row]]:
        new = [row for _, row in held]
        rectified = _rectified(past + new, size, fps, how)[len(past) :]
        return zip((beside for beside, _ in held), rectified, strict=True)

    for each in rows:
        held.append(each)
        if reach is not None and len(held) == BLOCK + reach:
            yield from islice(filled(), BLOCK)
            past = [*past, *(row for _, row in held[:BLOCK])][-reach:]
            held = held[BLOCK:]
    yield from filled()


def _rectified(rows: list[Row], size: tuple[int, int], fps: float, how: Rectification) -> list[Row]:
    xy = np.array([(row.x, row.y) for row in rows]).reshape(-1, 2)
    filled = fill(xy, size, fps, how).tolist()
    return [
        row if math.isnan(x) else Row(row.frame, x, y, row.confidence, "inpainted")
        for row, (x, y) in zip(rows, filled, strict=True)
    ]


def fill(xy: np.ndarray, size: tuple[int, int], fps: float, how: Rectification) -> np.ndarray:
    """Positions (F, 2) for frames without one in `xy` (F, 2), NaN where there is one or none can be given.

    Args:
        xy: positions in a picture of `size` (width, height), NaN where there is no ball.
    """
    if how.method == "linear":
        filled = interpolate(xy, fillable_gaps(xy, size, fps, how.rule))
    elif how.method == "physics":
        filled = _fly(xy, size, fps, how)
    else:
        assert how.release is not None
        filled = inpaint(how.release, xy, inpaint_mask(xy, size, fps, how.rule), size)
    inside = ((filled > -0.5) & (filled < np.array(size) - 0.5)).all(-1)
    return np.where((inside & np.isnan(xy[:, 0]))[:, None], filled, np.nan)


def interpolate(xy: np.ndarray, gaps: Iterable[Gap], legacy_spacing: bool = False) -> np.ndarray:
    """Positions (F, 2) on straight lines across `gaps` of `xy` (F, 2), NaN elsewhere; at an open end its one side.

    Args:
        xy: pixels, NaN where there is no ball.
        gaps: with a ball on at least one side.
        legacy_spacing: the first and the last frame of a gap repeat their neighbours, as in qaz812345/TrackNetV3.
    """
    filled = np.full_like(xy, np.nan)
    for start, stop in gaps:
        before, after = max(start - 1, 0), min(stop, len(xy) - 1)
        left, right = xy[before if start > 0 else after], xy[after if stop < len(xy) else before]
        line = np.linspace(left, right, stop - start if legacy_spacing else stop - start + 2)
        filled[start:stop] = line if legacy_spacing else line[1:-1]
    return filled


def _fly(xy: np.ndarray, size: tuple[int, int], fps: float, how: Rectification) -> np.ndarray:
    """Positions on arcs between detections that are not isolated."""
    if how.rule.fastest is not None:
        reach = how.rule.fastest * size[0] / fps
        xy = np.where(ballistic.trusted_detections(xy, reach)[:, None], xy, np.nan)
    filled = np.full_like(xy, np.nan)
    for gap in fillable_gaps(xy, size, fps, how.rule):
        path = ballistic.fill_gap(xy, gap, size[0], fps)
        if path is not None:
            filled[gap.start : gap.stop] = path
    return filled
