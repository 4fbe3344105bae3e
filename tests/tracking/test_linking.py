"""Linking against a brute-force search over all paths, and on made-up flights."""

import itertools
import math

import numpy as np
import pytest

from tests.helpers.frames import frames_with
from tracknet_jax.tracking import linking
from tracknet_jax.tracking.linking import link

THRESHOLD = 0.5


def padded(frames: list[list[tuple[float, float, float]]], count: int = 4):
    """Candidates (x, y, p) of each frame as arrays."""
    for candidates in frames:
        xy, confidence = np.full((count, 2), np.nan, np.float32), np.zeros(count, np.float32)
        for k, (x, y, p) in enumerate(candidates):
            xy[k], confidence[k] = (x, y), p
        yield xy, confidence


def linked(frames, width: int = 512):
    return [ball for _, ball in link(frames_with(padded(frames)), THRESHOLD, width)]


def motion_score(path: list[tuple[int, float, float]], velocity=None) -> float:
    """The best score, by trying each link and each break, of what follows the first place of `path`."""
    if len(path) == 1:
        return 0.0
    (t0, x0, y0), (t1, x1, y1) = path[:2]
    best = motion_score(path[1:]) - linking.BREAK
    v = (x1 - x0) / (t1 - t0), (y1 - y0) / (t1 - t0)
    if t1 - t0 <= linking.GAP and math.hypot(*v) <= linking.REACH:
        change = math.hypot(*v) / 2 if velocity is None else math.dist(v, velocity)
        cost = change / linking.JITTER + linking.MISS * (t1 - t0 - 1)
        best = max(best, motion_score(path[1:], v) - cost)
    return best


def brute_force(frames) -> list:
    """The best of all selections of at most one candidate a frame."""
    best, best_score = [None] * len(frames), 0.0
    for chosen in itertools.product(*[[None, *candidates] for candidates in frames]):
        path = [(t, c[0], c[1]) for t, c in enumerate(chosen) if c]
        if not path:
            continue
        gains = [math.log(c[2] / (1 - c[2])) + linking.BONUS for c in chosen if c]
        score = sum(gains) - linking.BREAK + motion_score(path)
        if score > best_score:
            best, best_score = list(chosen), score
    return best


def test_equals_the_best_of_all_paths(monkeypatch):
    # A short stream has short paths: they must cost little to be found.
    for name, value in {"BONUS": 0.4, "MISS": 0.8, "BREAK": 6.0, "JITTER": 24.0}.items():
        monkeypatch.setattr(linking, name, value)
    balls = []
    for seed in range(12):
        frames = nine_frames(np.random.default_rng(seed))
        found, expected = linked(frames), brute_force(frames)
        assert [d is None for d in found] == [c is None for c in expected]
        for detection, (x, y, p) in zip(filter(None, found), filter(None, expected), strict=True):
            np.testing.assert_allclose(detection, (x, y, supported(p)), rtol=1e-5)
        balls.append(sum(d is not None for d in found))
    assert sum(map(bool, balls)) > 6
    assert len(set(balls)) > 3


def nine_frames(rng):
    """A ball with a trembling flight, false candidates, frames without either."""
    frames = []
    for t in range(9):
        ball = (100 + 14.0 * t + rng.normal(0, 3), 80 - 5.0 * t + rng.normal(0, 3), rng.uniform(0.6, 0.98))
        other = (rng.uniform(0, 300), rng.uniform(0, 150), rng.uniform(0.2, 0.95))
        frames.append([[ball, other], [ball], [other], []][rng.choice(4, p=(0.35, 0.4, 0.15, 0.1))])
    return frames


def supported(p: float) -> float:
    """The probability of a candidate on a trajectory."""
    return 1 / (1 + math.exp(-math.log(p / (1 - p)) - linking.SUPPORT))


def flight(count: int, p: float = 0.9) -> list[list[tuple[float, float, float]]]:
    return [[(50 + 9.0 * t, 200 - 8.0 * t + 0.4 * t * t, p)] for t in range(count)]


def test_a_stronger_ball_in_the_crowd_loses_against_the_flight():
    frames = flight(40)
    frames[20] = [(400.0, 20.0, 0.97), (*frames[20][0][:2], 0.3)]
    frames[30] = [(400.0, 20.0, 0.97)]
    found = linked(frames)
    assert [d is None for d in found] == [t == 30 for t in range(40)]
    np.testing.assert_allclose(found[20], (*frames[20][1][:2], supported(0.3)), rtol=1e-5)


def test_a_hit_turns_the_ball_and_does_not_lose_it():
    frames = flight(20)
    x, y, p = frames[-1][0]
    frames += [[(x - 12.0 * t, y - 6.0 * t, p)] for t in range(1, 20)]
    assert all(d is not None for d in linked(frames))


def test_a_ball_alone_is_none_unless_the_stream_is_too_short_to_tell():
    alone = [[], [], [(10.0, 20.0, 0.9)], [(300.0, 90.0, 0.4)], []]
    assert [d is not None for d in linked(alone)] == [False, False, True, False, False]
    assert linked(alone)[2].confidence == pytest.approx(0.9)  # no trajectory speaks for it
    assert linked(alone + [[]] * 10) == [None] * 15


def test_speeds_count_in_shares_of_the_picture():
    frames = flight(30)
    small = [[(x / 4, y / 4, p) for x, y, p in candidates] for candidates in frames]
    fast = [[(x * 12, y * 12, p) for x, y, p in candidates] for candidates in frames]
    assert all(d is not None for d in linked(small, width=128))
    assert linked(fast) == [None] * 30


def test_decisions_follow_a_few_frames_behind_an_endless_stream():
    frames = padded(itertools.cycle(flight(50)))
    given = 0

    def counted():
        nonlocal given
        for frame in frames:
            given += 1
            yield frame

    found = link(frames_with(counted()), THRESHOLD, 512)
    for taken in range(1, 200):
        next(found)
        assert given == taken + linking.LAG


def test_an_empty_stream_gives_nothing():
    assert linked([]) == []
