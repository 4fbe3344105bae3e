"""Rendered frames and their labels: the ball is where the label says, hidden where it says hidden."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from tracknet_jax.data.clips import CLEAR, NO_BALL, OCCLUDED
from tracknet_jax.synthetic.play.sports import SPORTS
from tracknet_jax.synthetic.rally import RallyConfig, render_rally
from tracknet_jax.utils.errors import UserError


def difference(rally, number):
    """How much brighter the ball makes a frame, (H, W); its shadow makes it darker."""
    with_ball, without = rally.frame(number), rally.frame(number, with_ball=False)
    return np.maximum(with_ball.astype(float) - without, 0).sum(axis=-1)


def centroid_near(image, xy, radius):
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    weight = np.where(np.hypot(x - xy[0], y - xy[1]) <= radius, image, 0)
    weight = np.where(weight > weight.max() / 4, weight, 0)
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


def in_free_flight(rally, number):
    """No stroke or impact near the exposure: there a streak has a kink and its middle is elsewhere."""
    time = number / rally.config.fps
    play = rally.scene.play
    kinks = [event.time for flight in play.flights for event in flight.events]
    kinks += [flight.start for flight in play.flights] + [flight.end for flight in play.flights]
    return min(abs(time - kink) for kink in kinks) > 0.02


def errors_of_labels(rally, numbers):
    """Distances in pixels from the ball's centroid to its label in clear frames away from the border."""
    labels, (width, height) = rally.labels, (rally.config.width, rally.config.height)
    errors = []
    for number in numbers:
        xy = labels.xy[number]
        inside = (xy > 8).all() and (xy < [width - 9, height - 9]).all()  # NaN is not inside
        if labels.visibility[number] == CLEAR and inside and in_free_flight(rally, number):
            errors.append(np.hypot(*(centroid_near(difference(rally, number), xy, 9) - xy)))
    return errors


@pytest.mark.parametrize("sport", SPORTS)
def test_the_ball_alone_is_at_its_label(sport):
    rally = render_rally(RallyConfig(sport, seed=1, frames=30, width=512, height=288))
    empty = bare(rally)
    black = replace(empty.scene, arena=np.zeros_like(rally.scene.arena))
    errors = errors_of_labels(replace(rally, scene=black), range(0, 30, 2))
    assert len(errors) >= 8
    assert max(errors) < 0.5


def test_the_ball_in_the_picture_is_at_its_label():
    """Where it passes bright lines only a part of it stands out, so the bound is on most frames."""
    errors = []
    for sport in SPORTS:
        rally = render_rally(RallyConfig(sport, seed=5, frames=30, width=512, height=288))
        errors += errors_of_labels(rally, range(0, 30, 3))
    assert len(errors) >= 15
    assert np.median(errors) < 0.25
    assert np.quantile(errors, 0.8) < 0.7


def bare(rally):
    """The rally without players, net and score box."""
    scene, empty = rally.scene, np.zeros((0, 0))
    net, box = (replace(sprite, alpha=empty, rgb=empty[..., None]) for sprite in (scene.net, scene.score_box))
    look = replace(scene.look, kits=())
    return replace(rally, scene=replace(scene, motions=[], net=net, score_box=box, look=look))


def with_ball_at(rally, point):
    """The rally with a ball that hangs at a point (3,)."""
    still = SimpleNamespace(start=-1.0, end=99.0, at=lambda times: np.repeat(point[None], len(times), axis=0))
    play = replace(rally.scene.play, flights=[still])
    return replace(rally, scene=replace(rally.scene, play=play))


@pytest.mark.parametrize("sport", SPORTS)
def test_players_hide_the_ball_behind_them_only(sport):
    rally = render_rally(RallyConfig(sport, seed=3, frames=1, width=512, height=288))
    eye = rally.scene.camera.position
    chest = np.array([*rally.scene.motions[0].way(0.0), 1.2])
    behind, before = (with_ball_at(rally, eye + (chest - eye) * share) for share in (1.04, 0.96))
    assert behind.labels.visibility.tolist() == [OCCLUDED]
    assert np.isfinite(behind.labels.xy).all()
    assert before.labels.visibility[0] != OCCLUDED
    x, y = behind.labels.xy[0].round().astype(int)
    changes = [
        np.abs(shown.frame(0).astype(int) - shown.frame(0, with_ball=False))[y - 4 : y + 5, x - 4 : x + 5]
        for shown in (behind, before)
    ]
    assert changes[0].max() < 8
    assert changes[1].max() > 20


def test_a_ball_outside_the_picture_or_out_of_play_has_no_label():
    rally = render_rally(RallyConfig("tennis", seed=3, frames=1, width=256, height=144))
    above = with_ball_at(rally, np.array([0.0, 0.0, 40.0])).labels
    assert above.visibility.tolist() == [NO_BALL]
    assert np.isnan(above.xy).all()
    none = replace(rally, scene=replace(rally.scene, play=replace(rally.scene.play, flights=[])))
    assert none.labels.visibility.tolist() == [NO_BALL]
    assert (difference(none, 0) == 0).all()


def test_the_same_config_gives_the_same_bits_and_other_seeds_other_rallies():
    config = RallyConfig("tennis", seed=1, frames=3, width=128, height=72)
    first, again = render_rally(config), render_rally(config)
    for a, b in zip(first.frames(), again.frames(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(first.labels.xy, again.labels.xy)
    other = render_rally(RallyConfig("tennis", seed=2, frames=3, width=128, height=72))
    assert np.abs(other.frame(0).astype(int) - first.frame(0)).mean() > 5
    assert not np.allclose(other.labels.xy, first.labels.xy, equal_nan=True)


@pytest.mark.parametrize("sport", SPORTS)
def test_frames_and_labels_have_the_promised_form(sport):
    rally = render_rally(RallyConfig(sport, seed=2, frames=5, width=128, height=64))
    frames = list(rally.frames())
    assert [(frame.shape, frame.dtype) for frame in frames] == [((64, 128, 3), np.uint8)] * 5
    labels = rally.labels
    assert labels.frame.tolist() == [0, 1, 2, 3, 4]
    assert (np.isfinite(labels.xy).all(axis=1) == (labels.visibility > 0)).all()
    assert all(frame.std() > 10 for frame in frames)


def test_labels_do_not_depend_on_the_size_but_for_its_scale():
    small = render_rally(RallyConfig("badminton", seed=5, frames=20, width=256, height=144)).labels
    large = render_rally(RallyConfig("badminton", seed=5, frames=20, width=512, height=288)).labels
    both = small.located & large.located
    assert both.any()
    np.testing.assert_allclose((small.xy[both] + 0.5) * 2 - 0.5, large.xy[both], atol=0.05)


def test_a_panning_camera_moves_the_picture_as_it_moves_the_labels():
    rally = render_rally(RallyConfig("tennis", seed=16, frames=41, width=512, height=288))
    moving = with_ball_at(bare(rally), np.array([0.0, 0.0, 2.0]))
    before, after = (moving.labels.xy[number] for number in (0, 40))
    pictures = [cv2.cvtColor(moving.frame(n, with_ball=False), cv2.COLOR_RGB2GRAY) for n in (0, 40)]
    window = cv2.createHanningWindow((512, 288), cv2.CV_64F)
    shift, _ = cv2.phaseCorrelate(*(picture.astype(float) for picture in pictures), window)
    assert np.hypot(*(after - before)) > 2
    np.testing.assert_allclose(shift, after - before, atol=0.4)


@pytest.mark.parametrize("sport", SPORTS)
def test_rallies_are_played(sport):
    """Strokes alternate between the sides, meet the ball, and players are there in time."""
    scene = render_rally(RallyConfig(sport, seed=0, frames=180, width=64, height=36)).scene
    strokes = scene.play.strokes
    assert len(strokes) >= 4
    for stroke in strokes:
        at_contact = scene.play.ball(np.array([stroke.time + 1e-6]))[0]
        np.testing.assert_allclose(at_contact, stroke.contact, atol=1e-3)
        if 0 < stroke.time < 6:
            feet = scene.motions[stroke.player].way(stroke.time)
            assert np.hypot(*(stroke.contact[:2] - feet)) < 1.5
    for motion in scene.motions:
        velocities = motion.way(np.arange(0, 6, 1 / 60), 1)
        assert np.linalg.norm(velocities, axis=-1).max() < 13


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sport": "golf"}, "unknown sport 'golf'"),
        ({"frames": 0}, "0 frames"),
        ({"seed": -1}, "seed -1"),
        ({"width": 4}, "4x720"),
        ({"fps": 0.0}, "fps 0.0"),
    ],
)
def test_impossible_configs_are_told(options, message):
    with pytest.raises(UserError, match=message):
        RallyConfig(**options)
