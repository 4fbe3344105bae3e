"""The track type and its CSV."""

import math
from fractions import Fraction

import numpy as np
import pytest

from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.utils.errors import UserError

ROWS = [
    Row(3, 10.125, 20.5, 0.9876, "detected"),
    Row(4, math.nan, math.nan, 0.0),
    Row(5, 12.0, -0.25, 0.5, "inpainted"),
]


def build(rows) -> Track:
    return Track.of(rows, Fraction(30000, 1001), (1280, 720))


def test_columns_are_typed_arrays():
    track = build(ROWS)
    assert len(track) == 3
    assert track.frame.dtype == np.int64
    assert track.visible.tolist() == [True, False, True]
    assert track.x.dtype == track.y.dtype == track.confidence.dtype == np.float32
    np.testing.assert_allclose(track.xy, [[10.125, 20.5], [np.nan, np.nan], [12, -0.25]])
    assert track.source.tolist() == ["detected", "", "inpainted"]
    assert (track.fps, track.size) == (Fraction(30000, 1001), (1280, 720))


def test_an_empty_track_is_a_track(tmp_path):
    track = build([])
    assert len(track) == 0
    track.to_csv(tmp_path / "a.csv")
    assert len(Track.from_csv(tmp_path / "a.csv")) == 0


def test_csv_is_the_documented_text(tmp_path):
    build(ROWS).to_csv(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == (
        "Frame,Visibility,X,Y,Confidence,Source\n"
        "3,1,10.12,20.50,0.9876,detected\n"
        "4,0,,,0.0000,\n"
        "5,1,12.00,-0.25,0.5000,inpainted\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_csv_comes_back(tmp_path):
    track = build(ROWS)
    track.to_csv(tmp_path / "a.csv")
    again = Track.from_csv(tmp_path / "a.csv", track.fps, track.size)
    np.testing.assert_allclose(again.xy, track.xy, atol=0.0051)
    np.testing.assert_array_equal(again.visible, track.visible)
    np.testing.assert_array_equal(again.source, track.source)
    np.testing.assert_allclose(again.confidence, track.confidence, atol=1e-4)


def test_reads_the_four_columns_of_tracknet_v2(tmp_path):
    (tmp_path / "a.csv").write_text("Frame,Visibility,X,Y\n0,1,512,288\n1,0,0,0\n")
    track = Track.from_csv(tmp_path / "a.csv")
    assert track.x[0] == 512
    assert np.isnan(track.xy[1]).all()
    assert track.source.tolist() == ["detected", ""]
    assert track.fps is None


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a,b\n1,2\n", "header lacks Frame, Visibility, X, Y"),
        ("Frame,Visibility,X,Y\n0,1,5,6\n1,1,five,6\n", "line 3.*five"),
        ("Frame,Visibility,X,Y\n0,1,5\n", "line 2"),
        ("Frame,Visibility,X,Y,Confidence,Source\n0,1,5,6,0.5,guessed\n", "line 2.*guessed"),
        ("", "header lacks"),
    ],
)
def test_bad_csv_is_told_with_its_line(tmp_path, text, match):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UserError, match=match):
        Track.from_csv(tmp_path / "a.csv")


def test_missing_and_binary_csv_are_told(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        Track.from_csv(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(UserError, match=r"a\.csv"):
        Track.from_csv(tmp_path / "a.csv")


def test_dataframe_has_the_columns_of_the_csv():
    pytest.importorskip("pandas")
    table = build(ROWS).to_dataframe()
    assert list(table.columns) == ["Frame", "Visibility", "X", "Y", "Confidence", "Source"]
    assert table["X"].isna().tolist() == [False, True, False]


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    build(ROWS).to_csv(tmp_path / "a.csv")
    before = (tmp_path / "a.csv").read_text()

    def full(self, row):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tracknet_jax.tracks.track.CsvRows.write", full)
    with pytest.raises(UserError, match=r"a\.csv: cannot be written \(No space left on device\)"):
        build(ROWS).to_csv(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
