"""Arcs across gaps: known parabolas, hits, false detections, and simulated rallies seen by a camera."""

import numpy as np
import pytest

from tracknet_jax.rectification import ballistic
from tracknet_jax.rectification.ballistic import fill_gap, robust_arc, trusted_detections
from tracknet_jax.rectification.gaps import Gap, GapRule
from tracknet_jax.rectification.rectify import Rectification, fill
from tracknet_jax.synthetic.camera.camera import broadcast_camera
from tracknet_jax.synthetic.play.play import play_points
from tracknet_jax.synthetic.play.sports import sport_named

SIZE, FPS = (512, 288), 30.0


def parabola(count=30, start=(60.0, 200.0), velocity=(9.0, -8.0), gravity=0.6):
    t = np.arange(count)[:, None]
    return np.array(start) + t * velocity + t**2 * np.array([0.0, gravity / 2])


def struck(count=30, hit=14.5):
    """A ball that flies right, and from `hit` on left and upwards."""
    t = np.arange(count, dtype=float)
    kink = np.maximum(0, t - hit)
    return np.stack([80 + 8 * t - 20 * kink, 140 + 2 * t + 0.1 * t**2 - 9 * kink], axis=-1)


def without(xy, *frames):
    xy = xy.copy()
    xy[list(frames)] = np.nan
    return xy


def test_a_parabola_is_continued_exactly():
    truth = parabola()
    path = fill_gap(without(truth, *range(10, 22)), Gap(10, 22), 512, FPS)
    np.testing.assert_allclose(path, truth[10:22], atol=1e-6)


@pytest.mark.parametrize("hit", [13.0, 14.5, 16.0])
def test_two_arcs_meet_at_a_hit_inside_the_gap(hit):
    truth = struck(hit=hit)
    path = fill_gap(without(truth, *range(13, 17)), Gap(13, 17), 512, FPS)
    np.testing.assert_allclose(path, truth[13:17], atol=1e-6)


def test_a_hit_right_beside_the_gap(monkeypatch):
    truth = struck(hit=11.5)
    xy = without(truth, *range(14, 17))
    np.testing.assert_allclose(fill_gap(xy, Gap(14, 17), 512, FPS), truth[14:17], atol=1e-6)
    early = xy.copy()
    early[:9] = np.nan  # three detections before the hit, two behind it
    np.testing.assert_allclose(fill_gap(early, Gap(14, 17), 512, FPS), truth[14:17], atol=1e-6)
    monkeypatch.setattr(ballistic, "BESIDE", 0.0)
    assert fill_gap(early, Gap(14, 17), 512, FPS) is None


def test_a_hit_is_not_looked_for_in_a_long_gap(monkeypatch):
    gap = Gap(11, 18)
    xy = without(struck(), *range(*gap))
    monkeypatch.setattr(ballistic, "LONGEST_HIT", 6 / 30)
    assert fill_gap(xy, gap, 512, FPS) is None
    monkeypatch.setattr(ballistic, "LONGEST_HIT", 7 / 30)
    assert fill_gap(xy, gap, 512, FPS) is not None


def test_an_earlier_hit_leaves_the_flight_beside_the_gap():
    truth = struck(hit=10)  # six frames before the gap, inside the widest window
    path = fill_gap(without(truth, *range(16, 22)), Gap(16, 22), 512, FPS)
    np.testing.assert_allclose(path, truth[16:22], atol=1e-6)


def test_a_wrong_detection_beside_the_gap_does_not_bend_the_arc():
    truth = parabola()
    xy = without(truth, *range(12, 18))
    xy[11] += (30, -25)
    path = fill_gap(xy, Gap(12, 18), 512, FPS)
    np.testing.assert_allclose(path, truth[12:18], atol=0.6)  # an L2 fit is several pixels off
    straight = np.linalg.lstsq(
        np.vander(np.r_[0:12, 18:30], 3), np.delete(xy, range(12, 18), axis=0), rcond=None
    )
    assert np.abs(np.vander(np.arange(12, 18), 3) @ straight[0] - truth[12:18]).max() > 1


@pytest.mark.parametrize("offset", [(0, 40), (40, 0), (-30, -30)])
def test_nothing_is_filled_where_the_sides_do_not_agree(offset):
    xy = without(parabola(), *range(10, 20))
    xy[20:] += offset
    assert fill_gap(xy, Gap(10, 20), 512, FPS) is None


def test_too_few_detections_are_no_flight():
    assert fill_gap(without(parabola(12), *range(3, 6)), Gap(3, 6), 512, FPS) is None
    assert fill_gap(without(parabola(12), *range(4, 6)), Gap(4, 6), 512, FPS) is not None


def test_the_fit_is_the_best_of_all_hits():
    """Against ordinary least squares, tried at every hit: without outliers the two are one."""
    times = np.r_[0:12, 16:28]
    xy = struck(hit=13.5)[times] + np.random.default_rng(0).normal(0, 0.2, (24, 2))
    hits = np.arange(11, 16.5, 0.5)
    costs = []
    for hit in hits:
        basis = np.stack([times**0, times, times**2, np.maximum(0, times - hit)], axis=-1)
        fit, *_ = np.linalg.lstsq(basis, xy, rcond=None)
        costs.append(((basis @ fit - xy) ** 2).sum())
    arc = robust_arc(times, xy, hits, 8.0, np.arange(12, 16))
    assert (arc.distances**2).sum() == pytest.approx(min(costs), rel=1e-6)


def test_isolated_detections_are_not_trusted():
    xy = without(parabola(20), *range(8, 15))
    xy[11] = (400, 20)
    trusted = trusted_detections(xy, reach=20)
    assert trusted.tolist() == [i < 8 or i >= 15 for i in range(20)]
    brute = [
        any(0 < abs(i - j) <= 3 and np.hypot(*(xy[i] - xy[j])) <= 20 * abs(i - j) for j in range(20))
        for i in range(20)
    ]
    assert trusted.tolist() == brute


def test_a_gap_reaches_across_an_isolated_detection_which_stays():
    truth = parabola(30)
    xy = without(truth, *range(10, 19))
    xy[14] = (30, 30)
    filled = fill(xy, SIZE, FPS, Rectification("physics"))
    missing = [10, 11, 12, 13, 15, 16, 17, 18]
    np.testing.assert_allclose(filled[missing], truth[missing], atol=1e-6)
    assert np.isnan(np.delete(filled, missing, axis=0)).all()


def test_a_ball_above_the_picture_is_not_invented():
    """A lob that is out of the picture for thirteen frames: the rule says so, and so do the arcs alone."""
    truth = parabola(40, start=(60, 108), velocity=(5, -12))
    above = truth[:, 1] < -0.5
    assert above.sum() == 13
    seen = np.where(above[:, None], np.nan, truth)
    assert np.isnan(fill(seen, SIZE, FPS, Rectification("physics"))).all()
    anything = GapRule(top=0, follow=False)
    assert np.isnan(fill(seen, SIZE, FPS, Rectification("physics", anything))).all()
    assert np.isfinite(fill(seen, SIZE, FPS, Rectification("linear", anything))[above]).all()


@pytest.mark.parametrize("sport", ["tennis", "badminton"])
def test_simulated_rallies(sport):
    """Half a pixel of noise, one wrong detection in fifty, gaps of up to five frames."""
    rng = np.random.default_rng(5)
    play = play_points(sport_named(sport), 8.0, rng)
    truth = broadcast_camera(sport_named(sport), SIZE, rng).project(play.ball(np.arange(240) / FPS))
    truth[~((truth > 0) & (truth < SIZE)).all(-1)] = np.nan
    xy = truth + rng.normal(0, 0.5, truth.shape)
    for start in range(14, 230, 15):
        xy[start : start + rng.integers(1, 6)] = np.nan
    wrong = rng.random(240) < 0.02
    xy[wrong] = rng.uniform(20, 280, (wrong.sum(), 2))
    filled = fill(xy, SIZE, FPS, Rectification("physics"))
    new = np.isfinite(filled[:, 0])
    error = np.hypot(*(filled - truth)[new].T)
    assert new.sum() >= 12
    assert np.mean(error <= 4) >= 0.7
    assert not (new & np.isfinite(xy[:, 0])).any()
