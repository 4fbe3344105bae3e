"""The flight of the ball against closed forms and conservation laws."""

from dataclasses import replace

import numpy as np
import pytest

from tracknet_jax.synthetic.play.physics import aim, bounce, fly
from tracknet_jax.synthetic.play.sports import BADMINTON, GRAVITY, PADEL, SPORTS, TENNIS

VACUUM = replace(TENNIS, terminal_speed=1e9)


def test_without_drag_the_flight_is_the_parabola():
    start, velocity = np.array([1.0, -8.0, 2.0]), np.array([3.0, 9.0, 6.0])
    flight = fly(VACUUM, start, velocity, time=0.5)
    before_bounce = flight.events[0].time
    times = np.linspace(0.5, before_bounce - 1e-6, 97)
    t = (times - 0.5)[:, None]
    expected = start + velocity * t - np.array([0, 0, GRAVITY / 2]) * t**2
    np.testing.assert_allclose(flight.at(times), expected, atol=1e-6)
    # Where the parabola meets the ground: z0 + vz t - g t^2 / 2 = radius.
    landing = (6 + np.sqrt(36 + 2 * GRAVITY * (2 - VACUUM.ball_radius))) / GRAVITY
    assert before_bounce == pytest.approx(0.5 + landing, abs=1e-6)


@pytest.mark.parametrize("sport", SPORTS.values(), ids=SPORTS)
def test_a_falling_ball_reaches_the_terminal_speed(sport):
    flight = fly(sport, np.array([0.0, 5.0, 400.0]), np.zeros(3), time=0.0, longest=12.0)
    t = flight.end
    # Falling from rest under quadratic drag: v = v_t tanh(g t / v_t).
    expected = sport.terminal_speed * np.tanh(GRAVITY * t / sport.terminal_speed)
    assert -flight.path(t)[5] == pytest.approx(expected, rel=1e-6)
    assert -flight.path(t)[5] == pytest.approx(sport.terminal_speed, rel=2e-2)


def test_a_horizontal_shuttle_slows_as_drag_alone_says():
    weightless = fly(BADMINTON, np.array([0.0, 0.5, 3.0]), np.array([0.0, 60.0, 0.0]), 0.0, longest=0.05)
    # Without gravity v(x) = v0 exp(-k x); in 50 ms gravity hardly matters.
    path = weightless.path(0.05)[1] - 0.5
    assert weightless.path(0.05)[4] == pytest.approx(60 * np.exp(-BADMINTON.drag * path), rel=1e-2)


def test_bounce_keeps_the_share_of_energy_that_restitution_says():
    drop = fly(replace(VACUUM, restitution=0.7), np.array([0.0, 5.0, 1.0]), np.zeros(3), 0.0)
    rebound = drop.at(np.arange(drop.events[0].time, drop.events[1].time, 1e-3))[:, 2].max()
    fall = 1.0 - VACUUM.ball_radius
    assert rebound - VACUUM.ball_radius == pytest.approx(0.7**2 * fall, rel=2e-3)


def test_friction_never_reverses_the_ball_and_never_gives_energy():
    rng = np.random.default_rng(0)
    for _ in range(50):
        velocity = rng.normal(0, 20, 3)
        after = bounce(velocity, axis=2, restitution=0.75, friction=rng.uniform(0, 1))
        assert np.linalg.norm(after) <= np.linalg.norm(velocity)
        assert (after[:2] * velocity[:2] >= 0).all()
        assert after[2] == pytest.approx(-0.75 * velocity[2])


def test_padel_balls_come_back_from_the_glass_and_stay_in_the_cage():
    flight = fly(PADEL, np.array([2.0, 2.0, 1.0]), np.array([8.0, 18.0, 3.0]), 0.0)
    kinds, positions = [event.kind for event in flight.events], flight.at(np.arange(0, flight.end, 2e-3))
    assert "wall" in kinds
    assert np.abs(positions[:, 0]).max() <= PADEL.width / 2
    assert positions[:, 1].max() <= PADEL.length / 2
    assert positions[:, 2].min() >= PADEL.ball_radius - 1e-3


def test_the_net_stops_a_low_ball_only():
    low = fly(TENNIS, np.array([0.0, -3.0, 0.6]), np.array([0.0, 20.0, 0.5]), 0.0)
    high = fly(TENNIS, np.array([0.0, -3.0, 1.6]), np.array([0.0, 20.0, 0.5]), 0.0)
    assert low.events[0].kind == "net"
    assert low.at(np.arange(0, low.end, 2e-3))[:, 1].max() < 0.05
    assert high.events[0].kind == "ground"
    assert high.events[0].position[1] > 3


@pytest.mark.parametrize("sport", SPORTS.values(), ids=SPORTS)
def test_aimed_balls_land_on_the_target(sport):
    start, target = np.array([1.0, -5.5, 1.2]), np.array([-2.0, 4.5, sport.ball_radius])
    velocities, _ = aim(start, target, np.array([0.9, 1.3, 1.8]), sport.drag)
    assert np.isfinite(velocities).all()
    for velocity in velocities:
        if np.abs(velocity).max() < 60:
            landing = fly(sport, start, velocity, 0.0).events[0]
            if landing.kind == "ground":
                np.testing.assert_allclose(landing.position, target, atol=0.02)
