"""`tracknet demo` end to end, with a stand-in for the trained network."""

import cv2
import numpy as np
import pytest

from tests.helpers.fake_release import bright_dot_release
from tracknet_jax.cli.demo import main, score
from tracknet_jax.data.formats import read_labels
from tracknet_jax.synthetic.rally import RallyConfig, render_rally
from tracknet_jax.tracks.track import Track
from tracknet_jax.utils.errors import UserError


@pytest.fixture
def fake_network(monkeypatch):
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda name: bright_dot_release())


@pytest.mark.usefixtures("fake_network")
def test_the_demo_writes_its_files_and_prints_the_score(tmp_path, capsys):
    folder = tmp_path / "demo"
    assert main(["--output", str(folder), "--seconds", "0.4", "--size", "128", "72", "--seed", "3"]) == 0
    names = {"rally.mp4", "rally_truth.csv", "rally_ball.csv", "rally_track.mp4", "rally_track.png"}
    assert {path.name for path in folder.iterdir()} == names
    rally = render_rally(RallyConfig("tennis", seed=3, frames=12, width=128, height=72))
    truth, track = read_labels(folder / "rally_truth.csv"), Track.from_csv(folder / "rally_ball.csv")
    np.testing.assert_allclose(truth.xy, rally.labels.xy, atol=0.006)
    np.testing.assert_array_equal(truth.visibility, rally.labels.visibility)
    assert len(track) == 12
    first = cv2.VideoCapture(str(folder / "rally.mp4")).read()[1][..., ::-1]
    assert np.abs(first.astype(int) - rally.frame(0)).mean() < 8  # compression
    printed = capsys.readouterr().out
    assert f"F1 {score(rally, track).f1:.3f}" in printed
    assert all(name in printed for name in names)


def test_the_score_of_the_truth_itself_is_perfect():
    rally = render_rally(RallyConfig("padel", seed=1, frames=12, width=128, height=72))
    x, y = rally.labels.xy.T
    found = np.isfinite(x)
    track = Track(rally.labels.frame, found, x, y, found.astype(np.float32), np.where(found, "detected", ""))
    assert score(rally, track).f1 == 1
    shifted = Track(track.frame, found, x + 2, y, track.confidence, track.source)  # 8 px at 512x288
    assert score(rally, shifted).tp == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seconds", "0"], "--seconds 0.0"),
        (["--seed", "-1"], "seed -1"),
        (["--size", "8", "8"], "8x8"),
        (["--checkpoint", "nothing"], "nothing"),
    ],
)
def test_wrong_options_are_told_before_any_work(tmp_path, options, message):
    with pytest.raises(UserError, match=message):
        main(["--output", str(tmp_path / "demo"), *options])
    assert not (tmp_path / "demo").exists()
