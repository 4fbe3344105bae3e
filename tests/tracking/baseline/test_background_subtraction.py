"""The baseline: blobs of a ball's shape, filters against their equations, and a ball among other things that move."""

import numpy as np
import pytest

from tracknet_jax.tracking.baseline.background_subtraction import BackgroundSubtraction
from tracknet_jax.tracking.baseline.blobs import Blob, BlobFinder, ball_like
from tracknet_jax.tracking.baseline.kalman import (
    ACCELERATION,
    CONFIRM,
    KEPT,
    MAX_MISSED,
    MAX_SPEED,
    NOISE,
    Following,
    follow,
)
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.frames import decode_frames

SIZE = (512, 288)


def mask_with(*boxes):
    """A foreground mask with filled boxes x, y, width, height."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    for x, y, width, height in boxes:
        mask[y : y + height, x : x + width] = 255
    return mask


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ((100, 50, 3, 3), True),
        ((100, 50, 9, 3), True),  # a streak
        ((100, 50, 1, 1), False),  # noise
        ((100, 50, 12, 12), False),  # a head
        ((100, 50, 30, 2), False),  # a line of the court
    ],
)
def test_which_blobs_may_be_a_ball(box, kept):
    blobs = ball_like(mask_with(box))
    assert [(blob.x, blob.y) for blob in blobs] == (
        [(box[0] + (box[2] - 1) / 2, box[1] + (box[3] - 1) / 2)] if kept else []
    )


def test_a_blob_beside_a_player_is_not_one():
    player = (200, 100, 20, 50)
    assert ball_like(mask_with(player, (222, 120, 3, 3))) == []
    assert len(ball_like(mask_with(player, (230, 120, 3, 3)))) == 1


def test_what_stands_still_is_no_candidate():
    find = BlobFinder()
    empty = np.full((*SIZE[::-1], 3), 90, np.uint8)
    there = empty.copy()
    there[100:103, 200:203] = 250
    moved = np.roll(there, 40, axis=1)
    moved[100:103, 200:203] = 250  # one stays, one comes
    assert [
        None if (blobs := find(frame)) is None else len(blobs) for frame in (empty, empty, there, moved)
    ] == [
        0,
        None,
        1,
        1,
    ]


def test_the_filter_is_kalmans():
    """Against the batch solution: the mean of the last state given all blobs under the same linear model."""
    rng = np.random.default_rng(0)
    places = np.cumsum(rng.normal(3, 1, (6, 2)), axis=0)
    track = Following.start(0, Blob(*places[0], 4))
    # Started at the first blob with the noise of one; the batch solution has the same prior.
    prior = np.diag([NOISE**2] * 2 + [MAX_SPEED**2] * 2)
    move = np.eye(4) + np.eye(4, k=2)
    push = np.vstack([np.eye(2) / 2, np.eye(2)]) * ACCELERATION
    n = len(places) - 1
    # x_k = move^k x_0 + sum_j move^(k-j) push a_j: one Gaussian over (x_0, a_1 ... a_n).
    covariance = np.zeros((4 + 2 * n,) * 2)
    covariance[:4, :4] = prior
    covariance[4:, 4:] = np.eye(2 * n)

    def state_of(k):
        rows = np.zeros((4, 4 + 2 * n))
        rows[:, :4] = np.linalg.matrix_power(move, k)
        for j in range(1, k + 1):
            rows[:, 2 + 2 * j : 4 + 2 * j] = np.linalg.matrix_power(move, k - j) @ push
        return rows

    seen = np.vstack([state_of(k)[:2] for k in range(1, n + 1)])
    spread = seen @ covariance @ seen.T + NOISE**2 * np.eye(2 * n)
    mean = np.concatenate([places[0], np.zeros(2 + 2 * n)])
    residual = places[1:].ravel() - seen @ mean
    expected = state_of(n) @ (mean + covariance @ seen.T @ np.linalg.solve(spread, residual))

    for frame in range(1, n + 1):
        track.predict()
        track.take(frame, Blob(*places[frame], 4), 0.0)
    np.testing.assert_allclose(track.state, expected, rtol=1e-6)


def run(blobs_by_frame):
    tracks = []
    for frame, blobs in enumerate(blobs_by_frame):
        tracks = follow(tracks, frame, [Blob(*place, 4) for place in blobs])
    return tracks


def test_a_track_is_confirmed_by_hits_that_fit_and_move():
    line = [[(10 + 5 * i, 20)] for i in range(12)]
    assert not any(track.confirmed() for track in run(line[: CONFIRM - 1]))
    (track,) = run(line)
    assert track.confirmed()
    assert track.count == 12
    (still,) = run([[(10, 20)]] * 12)
    assert not still.confirmed()


def test_a_gap_is_bridged_and_a_longer_one_ends_the_track():
    def gap(frames):
        return [[] if 8 <= i < 8 + frames else [(10 + 5 * i, 20)] for i in range(20)]

    assert max(track.count for track in run(gap(MAX_MISSED))) == 20 - MAX_MISSED
    assert max(track.count for track in run(gap(MAX_MISSED + 1))) < 12


def test_a_blob_off_the_path_is_another_track():
    line = [[(10 + 5 * i, 20)] for i in range(10)]
    line[7] = [(45, 60)]
    tracks = run(line)
    assert sorted(track.count for track in tracks)[-1] == 9
    assert all(Blob(45, 60, 4) not in track.hits.values() for track in tracks if track.count > 1)


def test_long_tracks_stay_small():
    (track,) = run([[(i, 20)] for i in range(200)])
    assert (track.count, len(track.hits)) == (200, KEPT)


def rally(frames=40, size=SIZE):
    """A ball that flies, a player who walks, and a lamp that flickers; labels (frames, 2)."""
    rng = np.random.default_rng(1)
    court = rng.integers(80, 100, (*SIZE[::-1], 3), np.uint8)
    ball = np.stack([20 + 7.0 * np.arange(frames), 60 + 0.15 * (np.arange(frames) - 20.0) ** 2], axis=-1)
    scale = size[0] // SIZE[0]
    for i, (x, y) in enumerate(np.rint(ball).astype(int)):
        frame = court.copy()
        frame[150:200, 300 - i : 320 - i] = 30
        frame[10:13, 400:403] = 255 if i % 2 else 90
        frame[y - 1 : y + 2, x - 1 : x + 2] = 250
        yield frame.repeat(scale, 0).repeat(scale, 1)


@pytest.mark.parametrize("scale", [1, 2])
def test_the_ball_is_found_among_other_things(scale):
    rows = list(BackgroundSubtraction().track_frames(rally(size=(scale * SIZE[0], scale * SIZE[1])), first=7))
    assert [row.frame for row in rows] == list(range(7, 47))
    ball = np.rint([(20 + 7.0 * i, 60 + 0.15 * (i - 20) ** 2) for i in range(40)])
    expected = (ball + 0.5) * scale - 0.5
    found = np.array([(row.x, row.y) for row in rows])
    assert np.isnan(found[0]).all()  # the first frame is all background
    np.testing.assert_allclose(found[1:], expected[1:], atol=0.6 * scale)
    assert all(0 < row.confidence <= 1 for row in rows[1:])


def test_frames_that_repeat_are_no_time():
    """25 frames a second made 30: every sixth frame is a copy, and shows the ball where it was."""
    single = list(rally())
    order = sorted([*range(40), *range(4, 40, 5)])  # 0 1 2 3 4 4 5 ...
    rows = list(BackgroundSubtraction().track_frames(single[i] for i in order))
    assert all(row.visible for row in rows[1:])
    for before, row, i, j in zip(rows[1:], rows[2:], order[1:], order[2:], strict=False):
        assert (row.x == before.x) == (i == j)


def test_a_delay_beyond_what_tracks_remember():
    with pytest.raises(UserError, match="delay 32: expected 0 to 31 frames"):
        BackgroundSubtraction(delay=KEPT)


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_short_videos_give_a_row_a_frame(frames):
    rows = list(BackgroundSubtraction().track_frames(rally(frames)))
    assert [row.frame for row in rows] == list(range(frames))
    assert not any(row.visible for row in rows)


def test_longer_delays_find_no_more():
    """Rows may wait too short, but not too long: eight frames are enough to confirm a track."""
    short = BackgroundSubtraction(delay=0).track_frames(rally())
    usual, long = (BackgroundSubtraction(delay=d).track_frames(rally()) for d in (8, 30))
    assert sum(row.visible for row in short) < 39
    assert [row.visible for row in usual] == [row.visible for row in long]


def test_a_real_rally(real_data):
    clip = real_data / "clips288" / "tennis" / "game5" / "Clip6"
    frames = [frame for frame, _ in zip(decode_frames(next(clip.glob("*.mp4"))), range(60), strict=False)]
    rows = list(BackgroundSubtraction().track_frames(frames))
    assert len(rows) == 60
    assert sum(row.visible for row in rows) > 20
