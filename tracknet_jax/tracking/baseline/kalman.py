"""Kalman filters that follow blobs at constant velocity; several hits confirm a track."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracknet_jax.tracking.baseline.blobs import Blob

MOVE = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]], float)  # state x, y, vx, vy
SEEN = np.eye(2, 4)
KEPT = 32  # blobs that a track remembers
GATE = 9.21  # squared distance in standard deviations that 1 % of the true blobs exceed
# Chosen on training clips of tennis, badminton and padel; lengths in pixels of a 512x288 picture, times in frames of 25
# to 30 a second.
NOISE = 1.0  # standard deviation of a blob's centre
ACCELERATION = 1.0  # likewise of the ball's acceleration: gravity and drag, seen from the stands
MAX_SPEED = 15.0  # likewise of a new track's speed: most shots take a second to cross the picture
CONFIRM = 6  # hits that make a track: players' limbs often fit three or four predictions in a row
MAX_MISSED = 2  # frames without a hit that a confirmed track outlives; a new one outlives one
MIN_SPEED = 1.0  # of a track's mean motion: a thing that flickers in one place is no ball
PUSH = np.array([[0.5, 0], [0, 0.5], [1, 0], [0, 1]])  # what an acceleration does to the state in one frame


@dataclass(eq=False)
class Following:
    """One track: the state and covariance of its filter, and the blobs it has taken."""

    state: np.ndarray  # (4,)
    covariance: np.ndarray  # (4, 4)
    first: tuple[int, Blob]  # frame and blob that it began with
    hits: dict[int, Blob]  # the newest blobs, by frame
    count: int = 1  # of all blobs
    missed: int = 0  # frames since the newest one
    surprise: float = 0.0  # sum of the squared normalised distances of its hits

    @classmethod
    def start(cls, frame: int, blob: Blob) -> "Following":
        """A track of one blob, moving anywhere."""
        variances = np.array([NOISE, NOISE, MAX_SPEED, MAX_SPEED]) ** 2
        return cls(np.array([blob.x, blob.y, 0.0, 0.0]), np.diag(variances), (frame, blob), {frame: blob})

    def predict(self) -> None:
        """One frame on."""
        self.state = MOVE @ self.state
        self.covariance = MOVE @ self.covariance @ MOVE.T + ACCELERATION**2 * PUSH @ PUSH.T

    def distances(self, places: np.ndarray) -> np.ndarray:
        """Squared normalised distances of blobs (n, 2) from the prediction."""
        offset = places - self.state[:2]
        inverse = np.linalg.inv(self.covariance[:2, :2] + NOISE**2 * np.eye(2))
        return np.einsum("ni,ij,nj->n", offset, inverse, offset)

    def take(self, frame: int, blob: Blob, distance: float) -> None:
        """Corrects the state with a blob."""
        spread = self.covariance[:2, :2] + NOISE**2 * np.eye(2)
        gain = self.covariance[:, :2] @ np.linalg.inv(spread)
        self.state = self.state + gain @ (np.array([blob.x, blob.y]) - self.state[:2])
        self.covariance = (np.eye(4) - gain @ SEEN) @ self.covariance
        self._keep(frame, blob)
        self.count += 1
        self.missed = 0
        self.surprise += distance

    def stay(self, frame: int) -> None:
        """Keeps the blob of the frame before, if there is one, for this frame, too; no time has passed."""
        if frame - 1 in self.hits:
            self._keep(frame, self.hits[frame - 1])

    def _keep(self, frame: int, blob: Blob) -> None:
        self.hits[frame] = blob
        if len(self.hits) > KEPT:
            del self.hits[next(iter(self.hits))]

    def confirmed(self) -> bool:
        """Whether enough blobs have fitted, and it moves."""
        if self.count < CONFIRM:
            return False
        (first, a), (last, b) = self.first, next(reversed(self.hits.items()))
        return math.hypot(b.x - a.x, b.y - a.y) >= MIN_SPEED * (last - first)

    @property
    def merit(self) -> float:
        """Sum over the hits, each worth 1 at no distance and 0 at the gate; the ball's track has the most."""
        return self.count - self.surprise / GATE


def follow(tracks: Sequence[Following], frame: int, blobs: Sequence[Blob] | None) -> list[Following]:
    """The tracks after one more frame: those that go on, and a new one from every blob that no track took.

    Each blob goes to one track; the track of most merit chooses first, each the blob nearest to its prediction.
    `blobs` None: the frame is a copy of the one before, everything is where it was.
    """
    if blobs is None:
        for track in tracks:
            track.stay(frame)
        return list(tracks)
    places = np.array([blob[:2] for blob in blobs]).reshape(-1, 2)
    free = np.ones(len(blobs), bool)
    going_on = []
    for track in sorted(tracks, key=lambda track: track.merit, reverse=True):
        track.predict()
        distances = np.where(free, track.distances(places), np.inf)
        best = int(np.argmin(distances)) if len(blobs) else 0
        if len(blobs) and distances[best] <= GATE:
            track.take(frame, blobs[best], float(distances[best]))
            free[best] = False
        else:
            track.missed += 1
        if track.missed <= (MAX_MISSED if track.confirmed() else 1):
            going_on.append(track)
    return going_on + [Following.start(frame, blobs[i]) for i in np.flatnonzero(free).tolist()]
