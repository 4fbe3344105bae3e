"""Reading: counts, frame rates, orientation, ranges, and everything that can be wrong with a file."""

import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.helpers.dot_videos import dot_path, rotate_in_container, write_av1, write_fragment, write_video
from tests.helpers.fake_release import dot_frames
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.capture import exact_fps
from tracknet_jax.video.readers import open_between, open_frames


def frame_count(reader) -> int:
    return sum(1 for _ in reader)


@pytest.mark.parametrize(
    ("value", "fraction"),
    [
        (25.0, Fraction(25)),
        (30000 / 1001, Fraction(30000, 1001)),
        (24000 / 1001, Fraction(24000, 1001)),
        (12.5, Fraction(25, 2)),
        (29.97, Fraction(2997, 100)),
        (26640000 / 890501, Fraction(26640000, 890501)),
        (0.0, Fraction(30)),
        (float("nan"), Fraction(30)),
        (90000.0, Fraction(30)),
    ],
)
def test_frame_rates_come_back_as_the_fraction_they_were(value, fraction):
    assert exact_fps(value) == fraction


@pytest.mark.parametrize("count", [1, 2, 20])
def test_reads_every_frame(tmp_path, count):
    reader = open_frames(write_video(tmp_path / "a.mp4", count))
    assert (reader.size, reader.fps, reader.frame_count_hint) == ((64, 36), 30, count)
    frames = list(reader)
    assert len(frames) == count
    assert frames[0].shape == (36, 64, 3)
    assert frames[0].dtype == np.uint8


def test_frames_are_rgb_unless_asked(tmp_path):
    red = [np.full((36, 64, 3), (255, 0, 0), np.uint8)] * 3
    path = write_video(tmp_path / "red.mp4", frames=red)
    assert next(iter(open_frames(path)))[5, 5].argmax() == 0
    assert next(iter(open_frames(path, order="bgr")))[5, 5].argmax() == 2


def test_ranges_are_frame_numbers_half_open(tmp_path):
    path = write_video(tmp_path / "a.mp4", 20)
    everything = list(open_frames(path))
    part = open_frames(path, 5, 9)
    assert part.frame_count_hint == 4
    np.testing.assert_array_equal(list(part), everything[5:9])
    assert frame_count(open_frames(path, 15, 99)) == 5


def test_times_become_the_frames_shown_then(tmp_path):
    path = write_video(tmp_path / "a.mp4", 20, fps=10.0)
    reader = open_between(path, Fraction("0.5"), Fraction("1.21"))
    assert (reader.start, frame_count(reader)) == (5, 8)


@pytest.mark.parametrize(("start", "end"), [(-1, None), (4, 4), (9, 3), (20, None), (50, 60)])
def test_ranges_that_hold_no_frame_are_told(tmp_path, start, end):
    path = write_video(tmp_path / "a.mp4", 20)
    with pytest.raises(UserError, match="start"):
        open_frames(path, start, end)


def test_rotated_phone_videos_come_upright(tmp_path):
    path = write_video(tmp_path / "phone.mp4", frames=list(dot_frames([(6, 6)] * 3)))
    lying = next(iter(open_frames(path)))
    rotate_in_container(path)
    reader = open_frames(path)
    assert reader.size == (36, 64)
    upright = next(iter(reader))
    np.testing.assert_array_equal(upright, np.rot90(lying, -1))


def test_pyav_turns_them_the_same_way(tmp_path, monkeypatch):
    pytest.importorskip("av")
    path = write_video(tmp_path / "phone.mp4", frames=list(dot_frames([(6, 6)] * 3)))
    rotate_in_container(path)
    by_opencv = next(iter(open_frames(path)))
    monkeypatch.setattr("tracknet_jax.video.capture.OpenCVCapture.grab", lambda self: False)
    reader = open_frames(path)
    assert reader.fps == 30
    by_pyav = next(iter(reader))
    assert np.abs(by_pyav.astype(int) - by_opencv).mean() < 3  # colour conversions differ a little
    assert frame_count(open_frames(path)) == 3


def test_av1_is_read_through_pyav(tmp_path):
    pytest.importorskip("av")
    assert frame_count(open_frames(write_av1(tmp_path / "a.mp4", 8))) == 8


def test_av1_without_pyav_is_told(tmp_path, monkeypatch):
    pytest.importorskip("av")
    path = write_av1(tmp_path / "a.mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match=r"AV1.*tracknet-jax\[video\]"):
        open_frames(path)


def test_containers_that_promise_more_than_they_hold(tmp_path):
    pytest.importorskip("av")
    path = write_fragment(tmp_path / "cut.mp4")
    reader = open_frames(path)
    assert reader.frame_count_hint == 60
    assert 1 <= frame_count(reader) < 60


def bad_files(folder: Path):
    whole = write_video(folder / "whole.mp4").read_bytes()
    yield folder / "missing.mp4", "no such"
    for name, content, match in (
        ("empty.mp4", b"", "empty"),
        ("text.mp4", b"not a video\n" * 50, "not a video"),
        ("truncated.mp4", whole[: len(whole) // 2], "not a video"),
        ("noise.mp4", bytes(range(256)) * 40, "not a video"),
    ):
        (folder / name).write_bytes(content)
        yield folder / name, match


@pytest.mark.parametrize("with_pyav", [True, False])
def test_bad_files_are_told_in_one_line(tmp_path, monkeypatch, with_pyav):
    if not with_pyav:
        monkeypatch.setitem(sys.modules, "av", None)
    for path, match in bad_files(tmp_path):
        with pytest.raises(UserError, match=match if with_pyav else None) as error:
            open_frames(path)
        assert path.name in str(error.value)
        assert "\n" not in str(error.value)


def test_a_camera_that_is_not_there_is_told():
    with pytest.raises(UserError, match="97: this camera or stream gives no frames"):
        open_frames("97")


def test_image_folders_and_lists_are_videos_too(tmp_path):
    for number, frame in enumerate(dot_frames(dot_path(12))):
        cv2.imwrite(str(tmp_path / f"{number}.png"), frame[..., ::-1])
    (tmp_path / "Label.csv").write_text("not an image")
    frames = list(open_frames(tmp_path))
    np.testing.assert_array_equal(frames, list(dot_frames(dot_path(12))))  # 2 comes before 10
    some = [tmp_path / "3.png", tmp_path / "4.png"]
    np.testing.assert_array_equal(list(open_frames(some)), frames[3:5])
    assert open_frames(tmp_path, 2, 5).frame_count_hint == 3
    with pytest.raises(UserError, match=r"gone\.png"):
        list(open_frames([*some, tmp_path / "gone.png"]))


def test_a_folder_without_anything_is_told(tmp_path):
    with pytest.raises(UserError, match="without images"):
        open_frames(tmp_path)


@pytest.mark.parametrize(
    ("name", "fps", "size", "promised", "count"),
    [
        ("video_input6", Fraction(30), (1920, 1080), 107, 107),
        ("amateur_grass", Fraction(26640000, 890501), (1920, 1080), 296, 164),
        ("reel_g", Fraction(2997, 100), (606, 1080), 234, 234),
    ],
)
def test_real_clips(real_data, name, fps, size, promised, count):
    reader = open_frames(real_data / "native" / "unlabelled" / f"{name}.mp4")
    assert (reader.fps, reader.size, reader.frame_count_hint) == (fps, size, promised)
    assert frame_count(reader) == count
