"""`tracknet track` from the command line: files, batches, failures and their exit codes."""

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tests.helpers.dot_videos import rotate_in_container, write_fragment, write_video
from tests.helpers.fake_release import bright_dot_release, dot_frames
from tracknet_jax.cli.main import main
from tracknet_jax.cli.track import make_tracker
from tracknet_jax.cli.track_args import TrackArgs, parse_time
from tracknet_jax.models.registry import preset
from tracknet_jax.models.tracknet import TrackNet
from tracknet_jax.releases.release import Release
from tracknet_jax.tracks.track import Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.readers import open_frames


@pytest.fixture(autouse=True)
def fake_release(monkeypatch):
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda name: bright_dot_release())


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_one_video(tmp_path, capsys):
    video, out = write_video(tmp_path / "rally.mp4", 20), tmp_path / "out"
    assert main(["track", str(video), "--output", str(out)]) == 0
    assert names(out) == ["rally_ball.csv", "rally_track.mp4", "rally_track.png"]
    told = capsys.readouterr()
    assert "rally.mp4: 20 frames, ball in 18 (90%)" in told.out
    assert told.out.count("\n") == 1
    assert told.err == ""


def test_conv_and_dtype_are_those_of_the_network(monkeypatch):
    config = preset("tracknet_v2")
    loaded = Release(TrackNet(config, conv_impl="auto"), {}, config)
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda name: loaded)
    assert make_tracker(TrackArgs(("rally.mp4",))).release == loaded
    asked = TrackArgs(("rally.mp4",), conv="lax", dtype="bfloat16")
    model = make_tracker(asked).release.model
    assert (model.conv_impl, model.config.dtype) == ("lax", "bfloat16")
    with pytest.raises(UserError, match="openvino has its own convolutions: leave --conv out"):
        replace(asked, runtime="openvino").check()


def test_a_container_that_promises_too_much_is_tracked_and_told(tmp_path, capsys):
    pytest.importorskip("av")
    video = write_fragment(tmp_path / "cut.mp4")
    assert main(["track", str(video), "--output", str(tmp_path), "--no-picture"]) == 0
    assert "the file promises 60 frames; the rest cannot be decoded" in capsys.readouterr().out
    rows = len(Track.from_csv(tmp_path / "cut_ball.csv"))
    assert (
        rows == sum(1 for _ in open_frames(video)) == sum(1 for _ in open_frames(tmp_path / "cut_track.mp4"))
    )


def test_options_reach_the_tracker(tmp_path):
    video, out = write_video(tmp_path / "rally.mp4", 40, fps=10.0), tmp_path / "out"
    options = "--no-video --no-picture --overlap weighted --fit letterbox --batch-size 2 --threshold 0.4"
    arguments = [*options.split(), "--start", "1", "--end", "0:02.5", "--output", str(out)]
    assert main(["track", str(video), *arguments]) == 0
    assert names(out) == ["rally_ball.csv"]
    assert Track.from_csv(out / "rally_ball.csv").frame.tolist() == list(range(10, 25))


def test_the_baseline_needs_no_checkpoint(tmp_path, monkeypatch):
    flight = [(20 + 9 * i, 40 + 4 * i) for i in range(20)]
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", None)
    video = write_video(tmp_path / "rally.mp4", 20, size=(512, 288), frames=dot_frames(flight, (512, 288)))
    assert main(["track", str(video), "--model", "background_subtraction", "--output", str(tmp_path)]) == 0
    track = Track.from_csv(tmp_path / "rally_ball.csv")
    assert track.visible.sum() > 15
    found = track.xy[track.visible]
    assert abs(found - np.array(flight)[track.visible]).max() < 1


@pytest.mark.parametrize(
    "option",
    [
        ["--checkpoint", "tracknet_nano"],
        ["--runtime", "onnxruntime"],
        ["--dtype", "float32"],
        ["--conv", "lax"],
        ["--overlap", "average"],
        ["--threshold", "0.5"],
        ["--no-link"],
        ["--batch-size", "1"],
    ],
)
def test_the_baseline_takes_no_options_of_networks(option, capsys):
    assert main(["track", "gone.mp4", "--model", "background_subtraction", *option]) == 2
    told = capsys.readouterr().err
    assert f"background_subtraction has no weights and no windows: leave {option[0]} out\n" in told
    assert told.count("\n") == 1


def test_closing_the_window_ends_a_recording_as_ctrl_c_does(tmp_path, monkeypatch):
    shown = []

    class Viewer:
        def __init__(self, title):
            self.closed = False

        def show(self, frame):
            shown.append(frame.copy())
            self.closed = len(shown) == 8

        def close(self):
            shown.append("closed")

    monkeypatch.setattr("tracknet_jax.video.viewer.Viewer", Viewer)
    video, out = write_video(tmp_path / "rally.mp4", 40), tmp_path / "out"
    assert main(["track", str(video), "--output", str(out), "--show", "--no-video"]) == 130
    assert len(shown) == 9
    assert shown[-1] == "closed"
    assert names(out) == []


def test_a_batch_goes_on_past_a_bad_video_and_tells(tmp_path, capsys):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_video(tmp_path / folder / "a.mp4", 5)
    (tmp_path / "one" / "bad.mp4").write_text("no video")
    arguments = [str(tmp_path / "one"), str(tmp_path / "two"), str(tmp_path / "gone.mp4")]
    code = main(["track", *arguments, "--output", str(tmp_path / "out"), "--no-video", "--no-picture"])
    assert code == 1
    assert names(tmp_path / "out") == ["one_a_ball.csv", "tracks.jsonl", "two_a_ball.csv"]
    output, errors = capsys.readouterr()
    assert output.splitlines()[-1].startswith("2 of 4 videos, 10 frames, ")
    told = errors.splitlines()
    assert len(told) == 3
    assert "bad.mp4: not a video" in told[0]
    assert "gone.mp4: no such video file" in told[1]
    assert told[2].startswith("2 of 4 videos failed:")
    assert "bad.mp4" in told[2]
    assert "gone.mp4" in told[2]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["gone.mp4"], "no such video file"),
        ([], "no video given"),
        (["gone.mp4", "--start", "soon"], "time 'soon'"),
        (["gone.mp4", "--threshold", "7"], "threshold 7"),
        (["gone.mp4", "--max-gap", "3"], "without --rectify no gap is filled: leave --max-gap out"),
        (["gone.mp4", "--rectifier", "x"], "without --rectify no gap is filled: leave --rectifier out"),
    ],
)
def test_a_single_failure_is_one_line_and_code_2(arguments, match, capsys):
    assert main(["track", *arguments]) == 2
    told = capsys.readouterr().err
    assert match in told
    assert told.count("\n") == 1


def test_what_cannot_be_found_in_a_video_is_told(tmp_path, capsys):
    video = write_video(tmp_path / "a.mp4", 20)
    assert main(["track", str(video), "--start", "1:00", "--output", str(tmp_path / "out")]) == 2
    assert "has only 20 frames" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_rotated_video_gives_an_upright_overlay(tmp_path):
    video = write_video(tmp_path / "phone.mp4", 6)
    rotate_in_container(video)
    assert main(["track", str(video), "--output", str(tmp_path)]) == 0
    assert open_frames(tmp_path / "phone_track.mp4").size == (36, 64)


def test_the_second_run_over_a_folder_tracks_no_overlays(tmp_path):
    write_video(tmp_path / "a.mp4", 5)
    for _ in range(2):
        assert main(["track", str(tmp_path), "--output", str(tmp_path), "--no-picture"]) == 0
    assert names(tmp_path) == ["a.mp4", "a_ball.csv", "a_track.mp4", "tracks.jsonl"]


def test_the_only_video_of_a_folder_is_an_archive_and_one_that_is_named_is_not(tmp_path, monkeypatch, capsys):
    (tmp_path / "in").mkdir()
    write_video(tmp_path / "in" / "a.mp4", 5)
    monkeypatch.chdir(tmp_path)
    options = ["--output", "out", "--no-video", "--no-picture"]
    for source, again in (("in", "1 of 1 videos were tracked before"), ("./in/*.mp4", "were tracked before")):
        main(["track", source, *options])
        capsys.readouterr()
        assert main(["track", source, *options]) == 0
        assert again in capsys.readouterr().out
    assert names(tmp_path / "out") == ["a_ball.csv", "tracks.jsonl"]
    assert len((tmp_path / "out" / "tracks.jsonl").read_text().splitlines()) == 1
    for source in ("./in/a.mp4", str(tmp_path / "in" / "a.mp4")):
        assert main(["track", source, *options]) == 0
        assert "5 frames, ball in" in capsys.readouterr().out
    assert len((tmp_path / "out" / "tracks.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, None), ("90", 90), ("1:30", 90), ("1:02:30.5", Fraction("3750.5")), ("0.1", Fraction(1, 10))],
)
def test_times(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-3", "1:2:3:4", "nan", "inf", "1:-5"])
def test_bad_times_are_told(text):
    with pytest.raises(UserError, match="expected seconds"):
        parse_time(text)


def test_help_is_fast_and_a_bad_file_says_one_line_and_nothing_else(tmp_path):
    """In a process of its own: decoders write to the terminal behind Python's back."""
    lines = (
        "import sys; from tracknet_jax.cli.main import main\n"
        "try: main(['track', '--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'jax', 'cv2', 'matplotlib'} & set(sys.modules), 'help loads heavy modules'\n"
        "from tracknet_jax.video.capture import open_capture\n"
        "from tracknet_jax.utils.errors import UserError\n"
        "try: open_capture(sys.argv[1])\n"
        "except UserError as error: print(error, file=sys.stderr)\n"
    )
    whole = write_video(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    command = [sys.executable, "-c", lines, str(tmp_path / "cut.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "example:" in done.stdout
    assert done.stderr.count("\n") == 1
    assert "cut.mp4: not a video" in done.stderr


def test_rectified_rows_reach_csv_summary_and_overlay(tmp_path, capsys):
    """The dot hides in every seventh frame; a line through its neighbours is a pixel off at most."""
    video, out = write_video(tmp_path / "rally.mp4", 20), tmp_path / "out"
    assert main(["track", str(video), "--output", str(out), "--rectify", "linear", "--no-link"]) == 0
    assert "ball in 20 (100%, 2 of them filled in)" in capsys.readouterr().out
    track = Track.from_csv(out / "rally_ball.csv")
    assert track.source.tolist() == ["inpainted" if i % 7 == 6 else "detected" for i in range(20)]
    plain = tmp_path / "plain"
    assert main(["track", str(video), "--output", str(plain), "--no-link"]) == 0
    shown, before = (list(open_frames(folder / "rally_track.mp4")) for folder in (out, plain))
    assert np.abs(shown[6].astype(int) - before[6]).max() > 60  # a ring
    assert np.abs(shown[5].astype(int) - before[5]).max() < 40


def test_a_gap_longer_than_asked_stays(tmp_path, capsys):
    video = write_video(tmp_path / "rally.mp4", 20)
    arguments = ["--output", str(tmp_path), "--no-video", "--no-picture", "--no-link"]
    assert main(["track", str(video), *arguments, "--rectify", "linear", "--max-gap", "0.03"]) == 0
    assert "ball in 18 (90%)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (["--rectify", "net"], "needs the weights of a rectifier"),
        (["--rectify", "physics", "--rectifier", "gone"], "'gone': no such folder"),
        (["--rectify", "net", "--rectifier", "tracknet_nano"], "a tracker, not a rectifier"),
        (["--rectify", "linear", "--max-gap", "0"], "longest gap 0"),
    ],
)
def test_rectification_that_cannot_be_is_told_before_the_work(options, match, capsys):
    assert main(["track", "gone.mp4", *options]) == 2
    assert match in capsys.readouterr().err
