"""Label files and clip layouts: what is read, and what a wrong one is told."""

from typing import get_args

import numpy as np
import pytest

from tests.helpers.little_clips import (
    SHUTTLE,
    TENNIS,
    ball_at,
    shuttle_rows,
    write_csv,
    write_images,
    write_video,
)
from tracknet_jax.cli.data import Format
from tracknet_jax.data.formats import LAYOUTS, find_clip_files, find_clips, read_labels
from tracknet_jax.utils.errors import UserError

NAN = float("nan")


def labels_of(tmp_path, text, **kwargs):
    path = tmp_path / "label.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_labels(path, **kwargs)


# Each row: what it is about, the file's text, the frame size, and (frame, x, y, visibility) expected.
TABLES = [
    ("tennis", f"{TENNIS}\n0003.jpg,2,10,20,1\n", None, [(3, 10, 20, 2)]),
    (
        "tennis, the other copy",
        "File Name,Visibility Class,X,Y,Trajectory Pattern\n7.jpg,3,1.5,2,\n",
        None,
        [(7, 1.5, 2, 3)],
    ),
    ("tennis, no ball", f"{TENNIS}\n0003.jpg,0,,,\n", None, [(3, NAN, NAN, 0)]),
    ("shuttlecock", f"{SHUTTLE}\n0,1,652,286\n1,0,0,0\n", None, [(0, 652, 286, 1), (1, NAN, NAN, 0)]),
    ("other column order", "Frame,X,Y,Visibility\n0,5,6,1\n", None, [(0, 5, 6, 1)]),
    ("more columns", "Frame,Visibility,X,Y,Z,Event,Timestamp\n0,1,5,6,7,8,9\n", None, [(0, 5, 6, 1)]),
    (
        "our own track",
        f"{SHUTTLE},Confidence,Source\n4,1,5.25,6.5,0.9,detected\n5,0,,,,\n",
        None,
        [(4, 5.25, 6.5, 1), (5, NAN, NAN, 0)],
    ),
    (
        "normalised, divided by the size",
        "Frame,Ball,x,y\n0,1,0.5,0.250\n1,0,0,0\n2,0,-1,-1\n",
        (200, 100),
        [(0, 100, 25, 1), (1, NAN, NAN, 0), (2, NAN, NAN, 0)],
    ),
    (
        "normalised, class in Ball",
        "Frame,Ball,x,y\n0,2,0,0\n1,3,0.1,0.1\n",
        (200, 100),
        [(0, NAN, NAN, 2), (1, 20, 10, 3)],
    ),
    ("normalised, visible at -1", "Frame,Ball,x,y\n0,1,-1,-1\n", (200, 100), [(0, NAN, NAN, 1)]),
    ("visible at (0, 0) is not located", f"{SHUTTLE}\n0,1,0,0\n", None, [(0, NAN, NAN, 1)]),
    (
        "visible without a position is not located",
        f"{SHUTTLE}\n0,1,,\n1,2,nan,NaN\n2,1,inf,3\n",
        None,
        [(0, NAN, NAN, 1), (1, NAN, NAN, 2), (2, NAN, NAN, 1)],
    ),
    (
        "a ball in the corner's row is one",
        f"{SHUTTLE}\n0,1,0,5\n1,1,-0.3,2\n",
        None,
        [(0, 0, 5, 1), (1, -0.3, 2, 1)],
    ),
    ("position without a ball", f"{SHUTTLE}\n0,0,5,6\n", None, [(0, NAN, NAN, 0)]),
    ("no visibility given", f"{SHUTTLE}\n0,,,\n", None, [(0, NAN, NAN, 255)]),
    (
        "BOM, semicolons, spaces, decimal commas",
        "\ufeffFrame ; Visibility; X ;Y\r\n0;1;5,5;6\r\n".encode(),
        None,
        [(0, 5.5, 6, 1)],
    ),
    (
        "tabs, empty lines, floats for integers",
        "frame\tvisibility\tx\ty\n\n0.0\t1.0\t5\t6\n\n",
        None,
        [(0, 5, 6, 1)],
    ),
    ("a jump in Frame, any order", f"{SHUTTLE}\n9,1,1,1\n2,1,2,2\n", None, [(2, 2, 2, 1), (9, 1, 1, 1)]),
]


@pytest.mark.parametrize(("text", "size", "expected"), [t[1:] for t in TABLES], ids=[t[0] for t in TABLES])
def test_label_table(tmp_path, text, size, expected):
    labels = labels_of(tmp_path, text, size=size)
    frame, x, y, visibility = zip(*expected, strict=True)
    assert labels.frame.tolist() == list(frame)
    assert labels.visibility.tolist() == list(visibility)
    np.testing.assert_allclose(labels.xy, np.stack([x, y], 1), rtol=1e-6)
    assert (labels.frame.dtype, labels.xy.dtype, labels.visibility.dtype) == ("int64", "float32", "uint8")


BAD = [
    (
        "text in a number",
        f"{SHUTTLE}\n0,1,1,1\n1,1,-1.000n,1\n",
        "line 3: '-1.000n' in column x is not a number",
    ),
    ("a Python-only number", f"{SHUTTLE}\n0,1,1_0,1\n", "line 2: '1_0' in column x"),
    ("duplicate row", f"{SHUTTLE}\n0,1,1,1\n\n0,1,1,1\n", "line 4: frame 0 was labelled in line 2"),
    ("only x", f"{SHUTTLE}\n0,1,5,\n", "line 2: only one of x and y"),
    ("cells missing", f"{SHUTTLE}\n0,1,5\n", "line 2: only one of x and y"),
    ("visibility", f"{SHUTTLE}\n0,7,5,5\n", "line 2: visibility 7 is not"),
    ("half a frame", f"{SHUTTLE}\n0.5,1,5,5\n", "line 2: frame '0.5' is not"),
    ("frame before the first", f"{SHUTTLE}\n-1,1,5,5\n", "line 2: frame '-1' is not"),
    ("no frame", f"{SHUTTLE}\n,1,5,5\n", "line 2: frame '' is not"),
    ("file name without a number", f"{TENNIS}\nball.jpg,1,5,5,\n", "line 2: file name 'ball.jpg'"),
    ("no header", "0,1,652,286\n", "no label columns in its first line"),
    ("empty", "", "empty label file"),
    ("not text", b"\x89PNG\xff\xfe\x00", "not a text file"),
]


@pytest.mark.parametrize(("text", "message"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_label_file(tmp_path, text, message):
    with pytest.raises(UserError) as error:
        labels_of(tmp_path, text)
    assert message in str(error.value)
    assert "label.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_normalised_positions_are_within_one(tmp_path):
    with pytest.raises(UserError, match="line 2: normalised position"):
        labels_of(tmp_path, "Frame,Ball,x,y\n0,1,652,286\n", size=(1280, 720))
    with pytest.raises(UserError, match="divided by the frame size"):
        labels_of(tmp_path, "Frame,Ball,x,y\n0,1,0.5,0.5\n")


def test_missing_label_file(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_labels(tmp_path / "none.csv")


def test_a_report_collects_what_is_wrong_and_reading_goes_on(tmp_path):
    seen = []
    rows = f"{SHUTTLE}\n0,1,x,1\n1,1,5,5\n1,1,6,6\n2,1,0,0\n"
    labels = labels_of(tmp_path, rows, report=lambda found: seen.append((found.kind, found.where[-6:])))
    assert seen == [("wrong cell", "line 2"), ("duplicate row", "line 4"), ("visible at (0, 0)", "line 5")]
    assert labels.frame.tolist() == [1, 2]
    assert labels.where(1).endswith("label.csv, line 5")


def test_tennis_layout(tennis_folder):
    clips = find_clips(tennis_folder)
    assert [clip.name for clip in clips] == ["game1/Clip1", "game1/Clip2", "Game2/clip10"]
    assert {clip.sport for clip in clips} == {"tennis"}
    images, gap, video = clips
    assert [path.name for path in images.frames] == [f"{i:04d}.jpg" for i in range(6)]
    assert video.frames.name == "video.mp4"
    # Rows follow the images by name: the label of 0005.jpg belongs to the fourth image of the clip.
    assert gap.labels.frame.tolist() == list(range(8))
    np.testing.assert_array_equal(gap.labels.xy[3], ball_at(5))


def test_label_of_an_image_that_is_not_there(tennis_folder):
    (tennis_folder / "game1/Clip1/0004.jpg").unlink()
    with pytest.raises(UserError, match=r"Label.csv, line 6: labels frame 4, but the clip has no image"):
        find_clips(tennis_folder)


def test_shuttlecock_layout(shuttlecock_folder):
    clips = {clip.name: clip for clip in find_clips(shuttlecock_folder)}
    assert {name: clip.split for name, clip in clips.items()} == {
        "Amateur/match1/1_01_00": "train",
        "Professional/match1/1_01_00": "train",
        "Professional/match2/1_02_00": "train",
        "Test/match1/1_01_00": "test",
    }
    images = clips["Professional/match2/1_02_00"].frames
    assert [path.name for path in images] == [f"{i}.png" for i in range(12)]  # 2.png before 10.png


def test_corrected_labels_come_first(shuttlecock_folder):
    match = shuttlecock_folder / "Test/match1"
    write_csv(match / "corrected_csv/1_01_00_ball.csv", SHUTTLE, ["0,1,7,8"])
    (clip,) = find_clips(shuttlecock_folder, split="test")
    np.testing.assert_array_equal(clip.labels.xy, [[7, 8]])


def test_older_shuttlecock_folders(tmp_path):
    write_video(tmp_path / "match1/rally_video/1_01_00.mp4", 3)
    write_csv(tmp_path / "match1/ball_trajectory/1_01_00_ball.csv", SHUTTLE, shuttle_rows(3))
    write_video(tmp_path / "match2/rally.mp4", 3)
    write_csv(tmp_path / "match2/rally_ball.csv", SHUTTLE, shuttle_rows(3))
    assert [clip.name for clip in find_clips(tmp_path)] == ["match1/1_01_00", "match2/rally"]


def test_pairs_of_video_and_csv(tmp_path):
    write_video(tmp_path / "raw_data/00039.mp4", 3)
    write_csv(tmp_path / "raw_data/00039.csv", "Frame,Ball,x,y", ["0,1,0.5,0.5", "1,1,0,0"])
    write_csv(tmp_path / "notes.csv", "a,b", [])
    (clip,) = find_clips(tmp_path)
    assert (clip.name, clip.split) == ("raw_data/00039", "train")
    np.testing.assert_allclose(clip.labels.xy, [[48, 32], [NAN, NAN]])


def test_manifest_says_sport_and_split(tmp_path):
    for clip in ("tennis/game8/Clip1", "padel/point"):
        write_video(tmp_path / clip / "video.mp4", 3)
    write_csv(tmp_path / "tennis/game8/Clip1/Label.csv", TENNIS, ["0000.jpg,1,5.25,6.5,"])
    write_csv(tmp_path / "padel/point/ball.csv", SHUTTLE, ["0,1,,"])
    manifest = write_csv(
        tmp_path / "manifest.csv", "sport,split,clip", ["tennis,val,game8/Clip1", "padel,train,point"]
    )
    clips = {clip.name: clip for clip in find_clips(tmp_path)}
    assert {name: (clip.sport, clip.split) for name, clip in clips.items()} == {
        "tennis/game8/Clip1": ("tennis", "val"),
        "padel/point": ("padel", "train"),
    }
    assert [clip.name for clip in find_clips(tmp_path, split="val", sport="tennis")] == ["tennis/game8/Clip1"]
    assert [clip.name for clip in find_clips(tmp_path / "padel")] == [
        "point"
    ]  # a part of it, without manifest
    with pytest.raises(UserError, match="no clips with split test"):
        find_clips(tmp_path, split="test")
    manifest.write_text(manifest.read_text() + "padel,train,gone\n")
    with pytest.raises(UserError, match=r"manifest.csv, line 4: .*gone has no"):
        find_clips(tmp_path)


def test_nothing_found(tmp_path):
    with pytest.raises(UserError, match="no labelled clips found"):
        find_clips(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        find_clips(tmp_path / "none")
    with pytest.raises(UserError, match="choose from auto, clips288"):
        find_clips(tmp_path, format="tenis")


def test_the_command_line_offers_every_layout():
    assert set(get_args(Format)) == {"auto", *LAYOUTS}


def test_labels_without_frames(tmp_path):
    write_csv(tmp_path / "game1/Clip1/Label.csv", TENNIS, ["0000.jpg,1,1,1,"])
    with pytest.raises(UserError, match=r"Label.csv: no video and no images"):
        find_clips(tmp_path)


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "the file is empty"), (b"not a video", "not a video|no frame of it")]
)
def test_video_that_is_none(tmp_path, content, told):
    write_csv(tmp_path / "m/rally_ball.csv", SHUTTLE, ["0,1,1,1"])
    (tmp_path / "m/rally.mp4").write_bytes(content)
    with pytest.raises(UserError, match=rf"rally.mp4: .*({told})"):
        find_clips(tmp_path)


def test_two_label_files_of_one_clip(tmp_path):
    write_images(tmp_path / "Clip1", range(2))
    for name in ("Label.csv", "ball.csv"):
        write_csv(tmp_path / "Clip1" / name, TENNIS, ["0000.jpg,1,1,1,"])
    with pytest.raises(UserError, match="a second label file"):
        find_clip_files(tmp_path)


def test_real_layouts(real_data):
    clips = {clip.name: clip for clip in find_clips(real_data / "native")}
    assert len(clips["tennis_frames/game5/Clip1"].frames) == 90
    assert clips["shuttlecock/Test/match4/1_04_02"].split == "test"
    assert clips["shuttlecock/Professional/match1/1_01_04"].labels.located.sum() == 117
    # Frame 0 of the normalised file: 0.517 of 1280 and 0.374 of 720.
    np.testing.assert_allclose(clips["normalised_csv/00039"].labels.xy[0], [661.76, 269.28], rtol=1e-5)


def test_real_manifest(real_data):
    clips = find_clips(real_data / "clips288", split="val", sport="tennis")
    assert len(clips) == 6
    assert sum(len(clip.labels) for clip in clips) == 804
    assert sum(int(clip.labels.located.sum()) for clip in clips) == 728
