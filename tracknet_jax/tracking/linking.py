"""Linking: the trajectory through a frame's neighbours decides which of its candidates is the ball.

This is a Viterbi search over the stream. A path is a set of segments; each segment is a run of candidates at most `GAP`
frames apart. The candidates' probabilities add to a path's score, and its motion takes away from it:

    sum over its candidates of  logit(p) - logit(threshold) + BONUS
  - sum over its links of       |v - v'| / JITTER + MISS (frames left out)
  - for each segment            BREAK

with v the velocity along a link and v' that along the link before it. A false ball in the crowd is in line with no
neighbours, and alone it does not pay for a segment. A true ball is taken even at a probability below the threshold if
the frames around it point to it.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from tracknet_jax.heatmaps.decoding import SEVERAL
from tracknet_jax.tracking.prepared_video import Frame

# Chosen on the validation clips (25 to 30 frames a second) for calibrated confidences, see `tracknet calibrate`. Pixels
# are those of a picture 512 wide.
GAP = 4  # frames between two linked candidates, at most
BONUS = 1.7  # logits; the threshold applies to a ball of which nothing else is known
JITTER = 6.4  # pixels a frame^2, a change of velocity that costs one logit
MISS = 3.3  # logits, for each frame between two candidates in which the ball was not seen
BREAK = 26.0  # logits, for each segment
SUPPORT = 2.0  # logits that a candidate gains if the best path runs through it
REACH = 90.0  # pixels a frame, faster is no link
LAG = 12  # frames after which a decision is final
SHORT = 8  # frames; in a shorter stream no trajectory can speak for a ball, and the threshold alone decides


class Detection(NamedTuple):
    """A candidate in network pixels and its probability of being the ball."""

    x: float
    y: float
    confidence: float


def link(frames: Iterable[Frame], threshold: float, width: int) -> Iterator[tuple[Frame, Detection | None]]:
    """Each frame with its ball, or None, `LAG` frames behind the stream; memory stays constant.

    Args:
        frames: of one video, with `SEVERAL` candidates each, some of confidence 0; a dropped frame has none.
        threshold: probability at which a candidate speaks neither for nor against itself.
        width: of the picture that the positions refer to.
    """
    search = _Search(threshold, width / 512)
    for frame in frames:
        search.add(frame)
        if search.pending > LAG:
            yield search.take()
    while search.pending:
        yield search.take()


class _State(NamedTuple):
    """A path's end: candidate `k` of `frame`, reached through link `s` (0: it begins a segment)."""

    frame: int
    k: int
    s: int


class _Step(NamedTuple):
    """What the search knows of one frame: K candidates, and S = 1 + GAP * K states of each, one for every way to it."""

    frame: Frame
    xy: np.ndarray  # (K, 2)
    confidence: np.ndarray  # (K,)
    score: np.ndarray  # (K, S) of the best path that ends so, -inf where there is none
    velocity: np.ndarray  # (K, S, 2) along the last link, NaN where it begins a segment
    back: np.ndarray  # (K, S) the link through which the predecessor was reached
    before: _State | None  # the end of the best path behind a segment that begins here

    def detection(self, k: int, support: float) -> Detection:
        """Candidate `k`, its probability raised by `support` logits."""
        x, y = self.xy[k].tolist()
        p, ratio = float(self.confidence[k]), np.exp(support)
        return Detection(x, y, float(p * ratio / (1 - p + p * ratio)))

    def probable(self, threshold: float) -> int | None:
        """The likeliest candidate, if it exceeds `threshold`."""
        k = int(self.confidence.argmax())
        return k if self.confidence[k] > threshold else None


class _Search:
    """The dynamic programme; frames are numbered as they are added."""

    def __init__(self, threshold: float, scale: float):
        self._threshold = threshold
        self._prior = np.log(threshold / (1 - threshold)) - BONUS
        self._jitter, self._reach = JITTER * scale, REACH * scale
        self._steps: deque[_Step] = deque()  # those that are not decided yet, and GAP before them
        self._count = self._decided = 0
        self._best: _State | None = None  # the end of the best path so far
        self._best_score = 0.0

    @property
    def pending(self) -> int:
        """Frames added and not yet taken."""
        return self._count - self._decided

    def add(self, frame: Frame) -> None:
        """Extends all paths by one frame."""
        k = SEVERAL
        xy, confidence = np.full((k, 2), np.nan, np.float32), np.zeros(k, np.float32)
        if frame.candidates is not None:
            xy, confidence = map(np.asarray, frame.candidates)
        with np.errstate(divide="ignore"):
            gain = np.log(confidence) - np.log1p(-np.minimum(confidence, 1 - 1e-6)) - self._prior
        score = np.full((k, 1 + GAP * k), -np.inf)
        velocity = np.full((k, 1 + GAP * k, 2), np.nan)
        back = np.zeros((k, 1 + GAP * k), np.int64)
        score[:, 0] = self._best_score - BREAK
        for gap in range(1, min(GAP, len(self._steps)) + 1):
            column = slice(1 + (gap - 1) * k, 1 + gap * k)
            score[:, column], back[:, column], velocity[:, column] = self._extend(self._steps[-gap], xy, gap)
        score += gain[:, None]
        self._steps.append(_Step(frame, xy, confidence, score, velocity, back, self._best))
        k, s = divmod(int(score.argmax()), score.shape[1])
        if score[k, s] > self._best_score:
            self._best, self._best_score = _State(self._count, k, s), float(score[k, s])
        self._count += 1

    def _extend(self, last: _Step, xy: np.ndarray, gap: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Score (K, K'), link of the predecessor (K, K') and velocity (K, K', 2) of links from `last` to `xy`."""
        velocity = (xy[:, None] - last.xy) / gap
        speed = np.hypot(velocity[..., 0], velocity[..., 1])
        change = velocity[:, :, None] - last.velocity
        turn = np.hypot(change[..., 0], change[..., 1])
        # A segment's first link has no velocity to compare with; a slow ball is likelier than a fast one.
        turn[:, :, 0] = speed / 2
        total = last.score - turn / self._jitter - MISS * (gap - 1)
        total[~(speed <= self._reach)] = -np.inf
        back = np.nan_to_num(total, nan=-np.inf).argmax(axis=2)
        return np.take_along_axis(total, back[..., None], 2)[..., 0], back, velocity

    def take(self) -> tuple[Frame, Detection | None]:
        """Decides the oldest pending frame by the path that is best by now."""
        step, is_short = self._step(self._decided), self._count < SHORT
        k = step.probable(self._threshold) if is_short else self._on_best_path(self._decided)
        ball = None if k is None else step.detection(k, 0.0 if is_short else SUPPORT)
        self._decided += 1
        if len(self._steps) > self.pending + GAP:
            self._steps.popleft()
        return step.frame, ball

    def _on_best_path(self, number: int) -> int | None:
        """The candidate of frame `number` that the best path runs through."""
        state = self._best
        while state is not None and state.frame > number:
            state = self._previous(state)
        return None if state is None or state.frame < number else state.k

    def _previous(self, state: _State) -> _State | None:
        step = self._step(state.frame)
        if state.s == 0:
            return step.before
        gap, k = divmod(state.s - 1, SEVERAL)
        return _State(state.frame - gap - 1, k, int(step.back[state.k, state.s]))

    def _step(self, number: int) -> _Step:
        return self._steps[number - self._count]
