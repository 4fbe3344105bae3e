"""`tracknet benchmark`: the tables, the JSON file and the picture."""

import json

import cv2
import pytest

from tracknet_jax.benchmark import peak
from tracknet_jax.cli.main import main
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.cost import cost
from tracknet_jax.models.registry import PRESETS

TINY = TrackNetConfig(name="tiny", height=32, width=32, widths=(4, 4), depths=(1, 1), upsample="nearest")
QUICK = ["--blocks", "2", "--seconds", "0", "--calls", "3"]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    monkeypatch.setattr(peak, "SIDE", {"cpu": 64})
    monkeypatch.setattr(peak, "COPIED", {"cpu": 2**16})


def test_tables_json_and_picture_say_the_same(tmp_path, capsys):
    json_file, picture = tmp_path / "speed.json", tmp_path / "speed.png"
    files = ["--json", str(json_file), "--picture", str(picture)]
    cases = ["--tasks", "inference", "stream", "--models", "tiny", "--batches", "1", "2"]
    assert main(["benchmark", *cases, *QUICK, *files]) == 0
    written = json.loads(json_file.read_text())
    assert written["command"].startswith("tracknet benchmark --tasks inference stream")
    assert written["machine"]["backend"] == "cpu"
    one, two, stream = written["results"]
    assert [one["batch"], two["batch"], stream["task"]] == [1, 2, "stream"]
    assert two["model_flops"] == 2 * one["model_flops"] == 2 * 2 * cost(TINY).macs
    assert 0.5 < two["xla_flops"] / two["model_flops"] < 2
    assert (len(one["seconds"]), len(stream["seconds"])) == (2, 3)
    assert two["windows_per_second"] == 2 / two["median"]
    assert stream["latency"]["p50"] <= stream["latency"]["p90"] <= stream["latency"]["p99"]
    assert all(
        result["compile_seconds"] > 0 and result["memory"]["bytes"] > 0 for result in written["results"]
    )
    printed = capsys.readouterr().out
    for column in ("windows/s", "frames/s", "compile s", "GMACs", "XLA GFLOPs", "of peak", "p99 ms"):
        assert column in printed
    assert sum(line.split()[:2] == ["tiny", "float32"] for line in printed.splitlines()) == 3
    height, width, _ = cv2.imread(str(picture)).shape
    assert width > height > 300


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--models", "nothing"], "nothing"),
        (["--picture", "speed.gif"], "speed.gif"),
        (["--devices", "99"], "99 devices wanted"),
        (["--tasks", "track", "--video", "nothing.mp4"], "nothing.mp4"),
    ],
)
def test_wrong_options_are_one_line(options, message, capsys):
    assert main(["benchmark", "--models", "tiny", *QUICK, *options]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("tracknet: error: ")
    assert message in error
