"""Straight to files: what is written, from files and from streams, and what a failure leaves."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.dot_videos import dot_path, write_video
from tests.helpers.fake_release import bright_dot_release
from tracknet_jax.tracking.named_videos import find_sources, output_stems
from tracknet_jax.tracking.outputs import OutputFiles, track_to_files
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracking.videos import track_source
from tracknet_jax.tracks.flight_picture import MiddleFrame
from tracknet_jax.tracks.track import CsvRows, Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.readers import open_frames
from tracknet_jax.video.writer import open_writer

TRACKER = Tracker(bright_dot_release())


def to_files(source, folder, start=0, end=None, **wanted):
    files = OutputFiles.of(folder, "a", **wanted)
    return files, track_to_files(TRACKER, source, files, start=start, end=end)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_csv_video_and_picture_of_a_file(tmp_path):
    source = write_video(tmp_path / "a.mp4", 20)
    files, track = to_files(source, tmp_path / "out")
    assert names(tmp_path / "out") == ["a_ball.csv", "a_track.mp4", "a_track.png"]
    np.testing.assert_array_equal(track.visible, [position is not None for position in dot_path(20)])
    np.testing.assert_allclose(Track.from_csv(files.csv).xy, track.xy, atol=0.0051)
    np.testing.assert_array_equal(track.xy, track_source(TRACKER, source).xy)
    overlay = open_frames(files.video)
    assert (overlay.size, overlay.fps, sum(1 for _ in overlay)) == ((64, 36), 30, 20)


def test_only_what_is_wanted_is_written(tmp_path):
    source = write_video(tmp_path / "a.mp4", 5)
    to_files(source, tmp_path / "out", video=False, picture=False)
    assert names(tmp_path / "out") == ["a_ball.csv"]


def test_the_overlay_of_a_part_shows_that_part(tmp_path):
    greys = [np.full((36, 64, 3), 6 * i, np.uint8) for i in range(20)]
    source = write_video(tmp_path / "a.mp4", frames=greys)
    files, track = to_files(source, tmp_path, 8, 15, picture=False)
    assert track.frame.tolist() == list(range(8, 15))
    there, shown = ([frame.mean() for frame in open_frames(path)] for path in (source, files.video))
    np.testing.assert_allclose(shown, there[8:15], atol=2.5)


def test_an_interrupt_discards_a_files_results(tmp_path):
    video = write_video(tmp_path / "a.mp4", 40)
    files = OutputFiles.of(tmp_path / "out", "a")

    def interrupt(row):
        if row.frame == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        track_to_files(TRACKER, video, files, interrupt)
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize("name", ["a_ball.csv", "a_track.mp4", "a_track.png"])
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(tmp_path, monkeypatch, name):
    source = write_video(tmp_path / "a.mp4", 40)

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    writers = {"a_ball.csv": CsvRows, "a_track.mp4": type(open_writer(tmp_path / "b.mp4", 30, (64, 36)))}
    if name in writers:
        monkeypatch.setattr(writers[name], "write", full)
    else:
        monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    with pytest.raises(UserError, match=f"{name}: cannot be written .No space left"):
        to_files(source, tmp_path / "out")
    complete = ["a_ball.csv", "a_track.mp4"] if name == "a_track.png" else []
    assert names(tmp_path / "out") == complete


def test_the_middle_frame_of_a_stream_of_unknown_length():
    for count in (1, 2, 3, 10, 100, 257, 1000):
        middle = MiddleFrame()
        for i in range(count):
            middle.see(np.full((1,), i))
        assert abs(middle.frame()[0] - count / 2) <= max(1, count / 6)


def test_folders_become_their_videos(tmp_path):
    for name in ("b/10.mp4", "b/2.MP4", "a.mov", "notes.txt", "b/2_track.mp4", "b/2_ball.csv", "x_track.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "0.jpg").touch()
    found = [str(path.relative_to(tmp_path)) for path in find_sources([str(tmp_path)])]
    assert found == ["a.mov", "b/2.MP4", "b/10.mp4", "x_track.mp4"]  # an overlay lies beside its CSV
    assert find_sources(["0", "rtsp://court/1"]) == ["0", "rtsp://court/1"]
    assert find_sources([str(tmp_path / "images")]) == [tmp_path / "images"]
    assert [path.name for path in find_sources([str(tmp_path / "b" / "*.*4")])] == ["2.MP4", "10.mp4"]
    assert find_sources(["https://club/match.mp4"]) == ["https://club/match.mp4"]


@pytest.mark.parametrize(
    ("sources", "stems"),
    [
        (["/d/a.mp4", "/d/b.mp4"], ["a", "b"]),
        (["/d/m1/a.mp4", "/d/m2/a.mp4", "/d/m2/b.mp4"], ["m1_a", "m2_a", "b"]),
        (["/d/m1/v/a.mp4", "/d/m2/v/a.mp4"], ["m1_v_a", "m2_v_a"]),
        (["/d/a.mp4", "/d/A.avi"], ["d_a", "d_A_2"]),
        (["/d/a.mp4", "/d/a.mp4"], ["d_a", "d_a_2"]),
        (["0", "rtsp://court/live.sdp?x=1", "https://club/match.mp4"], ["camera0", "live", "match"]),
        (["rtsp://me:secret@10.0.0.7:554/", "udp://@:1234"], ["10.0.0.7", "stream"]),
    ],
)
def test_no_two_sources_share_their_files(sources, stems):
    assert output_stems(sources) == stems


MEMORY = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tests.helpers.fake_release import bright_dot_release
from tracknet_jax.tracking.outputs import OutputFiles, track_to_files
from tracknet_jax.tracking.tracker import Tracker
video = Path(sys.argv[2])
files = OutputFiles.of(video.parent, video.stem)
track = track_to_files(Tracker(bright_dot_release()), video, files)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(len(track), int(peak.split()[1]) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_length(tmp_path):
    """A video of 20,000 frames needs what one of 2,000 needs, but for its rows (1 MB); its frames are 135 MB."""
    peak = {}
    root = str(Path(__file__).resolve().parents[2])
    for count in (2000, 20000):
        video = write_video(tmp_path / f"{count}.mp4", count)
        command = [sys.executable, "-c", MEMORY, root, str(video)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows, peak[count] = (float(field) for field in done.stdout.split())
        assert rows == count
    assert peak[20000] - peak[2000] < 40  # MiB
