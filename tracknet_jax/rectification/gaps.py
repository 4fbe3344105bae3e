"""Which gaps of a trajectory may be filled: TrackNetV3's inpaint-mask rule with its parameters."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tracknet_jax.utils.errors import UserError


@dataclass(frozen=True)
class GapRule:
    """Which runs of frames without a ball are filled (TrackNetV3, section 3.3).

    A ball that left through the top of the picture must not be invented, and nothing is known beyond the ends
    of a clip.

    Attributes:
        top: share of the picture's height. A run is filled only if the ball is below this line in the frame
            before and in the frame behind it.
        follow: the ball must also stay below the line if it keeps its speed from before, or from behind, the run up to
            the run's middle. Not in the paper.
        longest: longest run that is filled, in seconds; None: any.
        fastest: widths of the picture that a ball flies in a second, at most. Positions before and behind a run that
            are further apart are not the same ball. Not in the paper. None: any.
        open_start, open_end: fill a run at the clip's start or end, from the one side that it has.
        legacy_frame_1: never fill a run that begins in frame 1, by an off-by-one of qaz812345/TrackNetV3.
    """

    top: float = 0.05
    follow: bool = True
    longest: float | None = 0.5
    fastest: float | None = 2.5
    open_start: bool = False
    open_end: bool = False
    legacy_frame_1: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.top < 1:
            raise UserError(f"top {self.top}: expected a share of the picture's height, from 0 to below 1")
        if self.longest is not None and not self.longest > 0:
            raise UserError(f"longest gap {self.longest}: expected seconds above 0")
        if self.fastest is not None and not self.fastest > 0:
            raise UserError(f"fastest {self.fastest}: expected widths a second, above 0")


DEFAULT_RULE = GapRule()

# The rule of TrackNetV3's code, in its training data and its test; its `predict` has top=0.05.
QAZ_RULE = GapRule(
    top=30 / 288, follow=False, longest=None, fastest=None, open_start=True, legacy_frame_1=True
)


class Gap(NamedTuple):
    """A run of frames without a ball, from `start` up to `stop` (half-open)."""

    start: int
    stop: int


def fillable_gaps(xy: np.ndarray, size: tuple[int, int], fps: float, rule: GapRule) -> Iterator[Gap]:
    """The gaps that `rule` allows to fill.

    Args:
        xy: (F, 2) positions in a picture of `size` (width, height), NaN in frames without a ball.
        fps: frames in a second.
        rule: what may be filled.
    """
    longest = math.inf if rule.longest is None else rule.longest * fps
    for gap in gaps(np.isfinite(xy[:, 0])):
        if (
            gap.stop - gap.start <= longest
            and _has_sides(gap, len(xy), rule)
            and _stays_below(rule.top * size[1], gap, xy[:, 1], rule)
            and _is_one_ball(gap, xy, size[0], fps, rule)
        ):
            yield gap


def inpaint_mask(xy: np.ndarray, size: tuple[int, int], fps: float, rule: GapRule) -> np.ndarray:
    """`fillable_gaps` as a mask (F,) bool, True where to fill."""
    mask = np.zeros(len(xy), bool)
    for gap in fillable_gaps(xy, size, fps, rule):
        mask[gap.start : gap.stop] = True
    return mask


def gaps(found: np.ndarray) -> list[Gap]:
    """The runs of False in `found` (F,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], found, [True]])))
    return [Gap(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def _has_sides(gap: Gap, length: int, rule: GapRule) -> bool:
    """Whether the ball is known on the sides where it must be."""
    at_start, at_end = gap.start == 0, gap.stop == length
    if rule.legacy_frame_1 and gap.start == 1:
        return False
    return not ((at_start and at_end) or (at_start and not rule.open_start) or (at_end and not rule.open_end))


def _stays_below(line: float, gap: Gap, y: np.ndarray, rule: GapRule) -> bool:
    """Whether the ball, on either side of the gap, is below `line`, and not about to leave through it."""
    half = (gap.stop - gap.start + 1) / 2  # frames from either side to the gap's middle
    for beside, direction in ((gap.start - 1, -1), (gap.stop, 1)):
        if not 0 <= beside < len(y):
            continue
        lowest_needed = y[beside]
        beyond = beside + direction
        if rule.follow and 0 <= beyond < len(y) and np.isfinite(y[beyond]):
            lowest_needed += min(0.0, (y[beside] - y[beyond]) * half)
        if not lowest_needed > line:
            return False
    return True


def _is_one_ball(gap: Gap, xy: np.ndarray, width: int, fps: float, rule: GapRule) -> bool:
    """Whether a ball can fly from one side of the gap to the other in its time."""
    if rule.fastest is None or gap.start == 0 or gap.stop == len(xy):
        return True
    frames = gap.stop - gap.start + 1
    return bool(np.hypot(*(xy[gap.stop] - xy[gap.start - 1])) <= rule.fastest * width * frames / fps)
