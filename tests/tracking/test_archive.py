"""Many videos through one tracker: each as if alone, each once, none ended by another, resumed after a kill."""

import json
import signal
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.helpers.dot_videos import dot_path, write_video
from tests.helpers.fake_release import bright_dot_release, dot_frames
from tests.helpers.frames import frames_of
from tracknet_jax.cli.main import main
from tracknet_jax.cli.track_archive import parse_shard
from tracknet_jax.tracking import detector
from tracknet_jax.tracking.archive import Job, append_outcome, share, track_archive
from tracknet_jax.tracking.outputs import OutputFiles, track_to_files
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.readers import open_frames

ROOT = Path(__file__).resolve().parents[2]


def open_bgr(source):
    return open_frames(source, order="bgr")


def jobs_in(videos, folder):
    return [Job(video, OutputFiles(folder / f"{video.stem}_ball.csv")) for video in videos]


@pytest.fixture
def batches(monkeypatch):
    """The windows of every step."""
    seen, detect = [], detector.detect_disjoint

    def counted(model, variables, windows, *arguments, **options):
        seen.append(windows.shape[0])
        return detect(model, variables, windows, *arguments, **options)

    monkeypatch.setattr(detector, "detect_disjoint", counted)
    return seen


@pytest.mark.parametrize("kind", ["none", "concat"])
def test_videos_share_batches_and_each_is_tracked_as_if_alone(tmp_path, batches, kind):
    """Of several lengths and shapes; backgrounds and letterbox bars are those of each window's own video."""
    counts, sizes = (1, 7, 3, 20, 11), ((64, 36), (64, 36), (36, 64), (48, 36), (64, 36))
    videos = []
    for i, (count, size) in enumerate(zip(counts, sizes, strict=True)):
        frames = dot_frames(dot_path(count, size), size, background=5 * i)
        videos.append(write_video(tmp_path / f"{i}.mp4", count, size, frames=frames))
    tracker = Tracker(bright_dot_release(background=kind), TrackOptions(batch_size=4))
    together = jobs_in(videos, tmp_path / "together")
    outcomes = list(track_archive(tracker, together, open_bgr))
    assert [outcome.job for outcome in outcomes] == together
    assert [len(outcome.track) for outcome in outcomes] == list(counts)
    windows = sum(-(-count // 3) for count in counts)
    assert batches == [4] * -(-windows // 4)
    for job in together:
        files = OutputFiles(tmp_path / "alone" / job.files.csv.name)
        track_to_files(tracker, job.source, files)
        assert job.files.csv.read_text() == files.csv.read_text()
    assert sum(outcome.track.visible.sum() for outcome in outcomes) > 20


def test_reading_the_network_and_writing_overlap_also_from_one_video_to_the_next(tmp_path):
    """The first row waits, in the writer, until the network has seen more and the next video has been opened."""
    videos = [write_video(tmp_path / f"{i}.mp4", 12) for i in range(2)]
    opened = threading.Event()
    waited = []

    def open_source(source):
        if source == videos[1]:
            opened.set()
        return open_bgr(source)

    def on_row(job, frame, row):
        if not waited:
            waited.append(opened.wait(60))

    tracker = Tracker(bright_dot_release(), TrackOptions(batch_size=1))
    assert len(list(track_archive(tracker, jobs_in(videos, tmp_path / "out"), open_source, on_row))) == 2
    assert waited == [True]


def test_overlays_and_the_ensemble_of_an_archive(tmp_path):
    videos = [write_video(tmp_path / f"{i}.mp4", 9 + i) for i in range(2)]
    jobs = [Job(video, OutputFiles.of(tmp_path / "out", video.stem)) for video in videos]
    tracker = Tracker(bright_dot_release(), TrackOptions("weighted"))
    assert [len(outcome.track) for outcome in track_archive(tracker, jobs, open_bgr)] == [9, 10]
    for job, count in zip(jobs, (9, 10), strict=True):
        assert job.files.finished()
        assert sum(1 for _ in open_frames(job.files.video)) == count


def test_what_is_held_of_a_finished_video_does_not_add_up(tmp_path):
    videos = [write_video(tmp_path / f"{i}.mp4", 3) for i in range(4)]
    seen = {}

    def on_row(job, frame, row):
        seen[job] = weakref.ref(frame.video)

    tracker = Tracker(bright_dot_release())
    for outcome in track_archive(tracker, jobs_in(videos, tmp_path / "out"), open_bgr, on_row):
        alive = [job for job, video in seen.items() if video() is not None and job is not outcome.job]
        assert alive == []


def test_bad_videos_are_told_in_their_turn_and_end_nothing(tmp_path, monkeypatch):
    good = [write_video(tmp_path / f"{i}.mp4", 10) for i in range(2)]
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    midway = tmp_path / "midway"
    midway.mkdir()
    for i in range(20):
        size = (64, 36) if i < 10 else (36, 64)
        cv2.imwrite(str(midway / f"{i:02}.png"), np.zeros((size[1], size[0], 3), np.uint8))
    strange = write_video(tmp_path / "strange.mp4", 10)

    def open_source(source):
        if source == strange:
            raise AttributeError("what a decoder may raise")
        return open_bgr(source)

    videos = [text, good[0], midway, strange, good[1], tmp_path / "gone.mp4"]
    jobs = jobs_in(videos, tmp_path / "out")
    outcomes = list(track_archive(Tracker(bright_dot_release()), jobs, open_source))
    assert [outcome.job.source for outcome in outcomes] == videos
    told = [str(outcome.error) for outcome in outcomes]
    parts = ["not a video", "None", "size changes", "cannot be read (AttributeError", "None", "no such video"]
    for message, part in zip(told, parts, strict=True):
        assert part in message
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0_ball.csv", "1_ball.csv"]
    for outcome in outcomes:
        append_outcome(tmp_path / "tracks.jsonl", outcome)
    lines = [json.loads(line) for line in (tmp_path / "tracks.jsonl").read_text().splitlines()]
    assert ["error" in line for line in lines] == [True, False, True, True, False, True]
    assert (lines[1]["frames"], lines[1]["ball"], lines[1]["size"]) == (10, 9, [64, 36])


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_each_video_is_one_processs_and_the_load_is_even(tmp_path, count):
    videos = [tmp_path / f"{i}.mp4" for i in range(20)]
    for i, video in enumerate(videos):
        with video.open("wb") as file:
            file.truncate((37 * i % 20) * 2**20)
    shares = [share(videos, index, count) for index in range(count)]
    assert sorted(i for mine in shares for i in mine) == list(range(20))
    assert all(mine == sorted(mine) for mine in shares)
    loads = [sum(videos[i].stat().st_size + 2**20 for i in mine) for mine in shares]
    assert max(loads) - min(loads) <= 20 * 2**20  # no more than one video
    assert max(loads) <= 4 / 3 * max(sum(loads) / count, 20 * 2**20)


def test_shares_are_written_i_of_n():
    assert parse_shard("2/3") == (2, 3)
    assert parse_shard(None) == parse_shard("auto") == (0, 1)  # JAX knows of no other process here
    for wrong in ("3/3", "1", "-1/2", "a/b"):
        with pytest.raises(UserError, match="expected I/N"):
            parse_shard(wrong)


@pytest.mark.parametrize(("overlap", "link"), [("none", True), ("none", False), ("average", True)])
def test_what_waits_inside_a_tracker_does_not_depend_on_the_length(overlap, link):
    """Frames taken whose rows have not come: in queues, on the device and in the linking."""
    tracker = Tracker(bright_dot_release(), TrackOptions(overlap, link=link, batch_size=2))
    frames = list(dot_frames(dot_path(50)))

    def most_waiting(count):
        taken, given, most = 0, 0, 0

        def reading():
            nonlocal taken
            for i in range(count):
                taken += 1
                yield frames[i % 50]

        for _ in tracker.track(frames_of(reading(), tracker)):
            given += 1
            most = max(most, taken - given)
        assert given == count
        return most

    # Two pieces in the queue, one on each side of it, two steps on the device.
    bound = 6 * tracker.step + tracker.lag
    assert most_waiting(100) <= bound
    assert most_waiting(300) <= bound


PROCESS = """
import os, signal, sys
sys.path.insert(0, sys.argv.pop(1))
kill_after = int(sys.argv.pop(1))
from tests.helpers.fake_release import bright_dot_release
import tracknet_jax.releases.release
import tracknet_jax.tracks.track as tracks
tracknet_jax.releases.release.load_release = lambda name: bright_dot_release()
rows = 0
class Killed(tracks.CsvRows):
    def write(self, row, time):
        global rows
        rows += 1
        if rows == kill_after:
            os.kill(os.getpid(), signal.SIGKILL)
        super().write(row, time)
tracks.CsvRows = Killed
from tracknet_jax.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def start(*arguments, kill_after=0):
    command = [sys.executable, "-c", PROCESS, str(ROOT), str(kill_after), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_processes_share_an_archive_and_go_on_after_a_kill(tmp_path):
    (tmp_path / "videos").mkdir()
    for i in range(7):
        write_video(tmp_path / "videos" / f"{i}.mp4", 10 + i)
    (tmp_path / "videos" / "bad.mp4").write_text("no video")
    out = tmp_path / "out"
    command = ["track", tmp_path / "videos", "--output", out, "--no-video", "--no-picture", "--shard"]
    first, second = start(*command, "0/2", kill_after=18), start(*command, "1/2")
    told = [process.communicate()[1] for process in (first, second)]
    assert first.returncode == -signal.SIGKILL
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*_ball.csv")}
    assert 1 <= len(before) < 7
    assert list(out.glob(".*partial*"))  # what the killed one was writing does not count

    again = start(*command, "0/2")
    output, errors = again.communicate()
    assert "were tracked before" in output
    codes = [again.returncode, second.returncode]
    assert sorted(codes) == [0, 1]  # one of them has the bad one
    assert "bad.mp4: not a video" in (errors if again.returncode else told[1])
    after = {path.name: path.stat().st_mtime_ns for path in out.glob("*_ball.csv")}
    assert sorted(after) == [f"{i}_ball.csv" for i in range(7)]
    assert before.items() <= after.items()
    lines = [
        json.loads(line) for path in out.glob("tracks_*.jsonl") for line in path.read_text().splitlines()
    ]
    done = [Path(line["video"]).name for line in lines if "files" in line]
    assert sorted(done) == [f"{i}.mp4" for i in range(7)]
    tracker = Tracker(bright_dot_release())
    for i in range(7):
        video, alone = tmp_path / "videos" / f"{i}.mp4", OutputFiles(tmp_path / "alone.csv")
        track_to_files(tracker, video, alone)
        assert (out / f"{i}_ball.csv").read_text() == alone.csv.read_text()


def test_finished_videos_are_left_alone_unless_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda name: bright_dot_release())
    for i in range(2):
        write_video(tmp_path / f"{i}.mp4", 5)
    command = ["track", str(tmp_path), "--output", str(tmp_path / "out"), "--no-picture"]
    assert main([*command, "--no-video"]) == 0
    capsys.readouterr()
    assert main([*command, "--no-video"]) == 0
    assert capsys.readouterr().out == "2 of 2 videos were tracked before: --overwrite tracks them again\n"
    assert main(command) == 0  # now with the overlays, which are not there yet
    assert capsys.readouterr().out.count("5 frames, ball") == 2
    assert main([*command, "--overwrite"]) == 0
    assert capsys.readouterr().out.count("5 frames, ball") == 2


def test_auto_without_a_cluster_is_told(capsys):
    assert main(["track", "a.mp4", "--shard", "auto"]) == 2
    assert "--shard auto: no cluster here; give I/N" in capsys.readouterr().err
