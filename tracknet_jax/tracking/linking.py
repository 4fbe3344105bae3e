"""Linking: which of a frame's candidates is the ball, told by the trajectory that runs through its neighbours.

A Viterbi search over the stream. A path is a set of segments, each a run of candidates at most `GAP` frames apart,
and its score is what the candidates' probabilities speak for it minus what its motion speaks against it:

    sum over its candidates of  logit(p) - logit(threshold) + BONUS
  - sum over its links of       |v - v'| / JITTER + MISS (frames left out)
  - for each segment            BREAK

with v the velocity along a link and v' that along the link before it. A false ball in the crowd has no neighbours to
lie in line with and does not pay for its own segment; a true one is taken at a probability below the threshold when
the frames around it point to it.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

# Chosen on the validation clips (25 to 30 frames a second) for calibrated confidences, see `tracknet calibrate`. Pixels
# are those of a picture 512 wide.
GAP = 4  # frames between two linked candidates, at most
BONUS = 1.7  # logits; the threshold applies to a ball of which nothing else is known
JITTER = 6.4  # pixels a frame^2, a change of velocity that costs one logit
MISS = 3.3  # logits, of a frame between two candidates in which the ball was not seen
BREAK = 26.0  # logits, of a segment
SUPPORT = 2.0  # logits; how much likelier the ball is there, given that the best path runs through it
REACH = 90.0  # pixels a frame, faster is no link
LAG = 12  # frames after which a decision is final
SHORT = 8  # frames; in a shorter stream no trajectory can speak for a ball, and the threshold alone decides


class Detection(NamedTuple):
    """A candidate in network pixels and its probability of being the ball."""

    x: float
    y: float
    confidence: float


def link(
    frames: Iterable[tuple[np.ndarray, np.ndarray]], threshold: float, width: int
) -> Iterator[Detection | None]:
    """The ball of each frame, or None, `LAG` frames behind the stream; memory stays constant.

    Args:
        frames: of each frame its candidates' positions `(K, 2)` in pixels and probabilities `(K,)`, 0 where there
            are fewer than K.
        threshold: probability at which a candidate speaks neither for nor against itself.
        width: of the picture that the positions refer to.
    """
    search: _Search | None = None
    for xy, confidence in frames:
        search = search or _Search(len(xy), threshold, width / 512)
        search.add(xy, confidence)
        if search.pending > LAG:
            yield search.take()
    while search is not None and search.pending:
        yield search.take()


class _State(NamedTuple):
    """A path's end: candidate `k` of `frame`, reached through link `s` (0: it begins a segment)."""

    frame: int
    k: int
    s: int


class _Frame(NamedTuple):
    """What the search knows of one frame. S = 1 + GAP * K states a candidate, one for every way to reach it."""

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


class _Search:
    """The dynamic programme; frames are numbered as they are added."""

    def __init__(self, candidates: int, threshold: float, scale: float):
        self._candidates, self._threshold = candidates, threshold
        self._prior = np.log(threshold / (1 - threshold)) - BONUS
        self._jitter, self._reach = JITTER * scale, REACH * scale
        self._frames: deque[_Frame] = deque()  # those that are not decided yet, and GAP before them
        self._count = self._decided = 0
        self._best: _State | None = None  # the end of the best path so far
        self._best_score = 0.0

    @property
    def pending(self) -> int:
        """Frames added and not yet taken."""
        return self._count - self._decided

    def add(self, xy: np.ndarray, confidence: np.ndarray) -> None:
        """Extends all paths by one frame."""
        with np.errstate(divide="ignore"):
            gain = np.log(confidence) - np.log1p(-np.minimum(confidence, 1 - 1e-6)) - self._prior
        k = self._candidates
        score = np.full((k, 1 + GAP * k), -np.inf)
        velocity = np.full((k, 1 + GAP * k, 2), np.nan)
        back = np.zeros((k, 1 + GAP * k), np.int64)
        score[:, 0] = self._best_score - BREAK
        for gap in range(1, min(GAP, len(self._frames)) + 1):
            column = slice(1 + (gap - 1) * k, 1 + gap * k)
            score[:, column], back[:, column], velocity[:, column] = self._extend(self._frames[-gap], xy, gap)
        score += gain[:, None]
        self._frames.append(_Frame(xy, confidence, score, velocity, back, self._best))
        k, s = divmod(int(score.argmax()), score.shape[1])
        if score[k, s] > self._best_score:
            self._best, self._best_score = _State(self._count, k, s), float(score[k, s])
        self._count += 1

    def _extend(self, last: _Frame, xy: np.ndarray, gap: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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

    def take(self) -> Detection | None:
        """Decides the oldest pending frame by the path that is best by now."""
        if self._count < SHORT:
            return self._take_probable()
        state, target = self._best, self._decided
        while state is not None and state.frame > target:
            state = self._previous(state)
        frame = self._frame(target)
        self._decided += 1
        if len(self._frames) > self.pending + GAP:
            self._frames.popleft()
        return None if state is None or state.frame < target else frame.detection(state.k, SUPPORT)

    def _take_probable(self) -> Detection | None:
        frame = self._frame(self._decided)
        self._decided += 1
        k = int(frame.confidence.argmax())
        return frame.detection(k, 0.0) if frame.confidence[k] > self._threshold else None

    def _previous(self, state: _State) -> _State | None:
        frame = self._frame(state.frame)
        if state.s == 0:
            return frame.before
        gap, k = divmod(state.s - 1, self._candidates)
        return _State(state.frame - gap - 1, k, int(frame.back[state.k, state.s]))

    def _frame(self, number: int) -> _Frame:
        return self._frames[number - self._count]
