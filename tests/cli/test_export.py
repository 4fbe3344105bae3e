"""`tracknet export`: what it writes, and what it does not."""

from importlib.util import find_spec

import numpy as np
import pytest

from tests.helpers.members import narrow, random_release
from tracknet_jax.cli.main import main
from tracknet_jax.export import export_release
from tracknet_jax.export.compare import example_windows
from tracknet_jax.releases.release import save_release

needs_tensorflow = pytest.mark.skipif(
    not (find_spec("tensorflow") and find_spec("ai_edge_litert")), reason="no TensorFlow"
)
needs_onnx = pytest.mark.skipif(not (find_spec("onnx") and find_spec("onnxruntime")), reason="no onnx")


@pytest.fixture
def checkpoint(tmp_path):
    release = random_release(narrow("tracknet_v3"))
    save_release(tmp_path / "ball", release.config, release.variables)
    return str(tmp_path / "ball")


@pytest.mark.parametrize(
    "to",
    [pytest.param("onnx", marks=needs_onnx), "stablehlo", pytest.param("tflite", marks=needs_tensorflow)],
)
def test_the_file_is_written_and_the_difference_told(to, checkpoint, tmp_path, capsys):
    pytest.importorskip("flatbuffers")
    path = tmp_path / "exported" / f"ball.{to}"
    assert main(["export", checkpoint, "--to", to, "--output", str(path)]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{checkpoint} -> {path}: tracknet_v3, {to}, ")
    assert float(told.split("differs from JAX by ")[1].split()[0]) < 1e-5
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@needs_onnx
def test_a_file_that_says_something_else_is_not_written(checkpoint, tmp_path, capsys, monkeypatch):
    from tracknet_jax.export import onnx_network

    def without_bias(config, variables, right=onnx_network.onnx_model):
        params = dict(variables["params"])
        params["head"] = {"conv": {"kernel": params["head"]["conv"]["kernel"]}}
        return right(config, {**variables, "params": params})

    monkeypatch.setattr(onnx_network, "onnx_model", without_bias)
    path = tmp_path / "ball.onnx"
    path.write_text("an older file")
    assert main(["export", checkpoint, "--to", "onnx", "--output", str(path)]) == 2
    assert f"{path}: not written, its maps differ from JAX's by up to 0." in capsys.readouterr().err
    assert path.read_text() == "an older file"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ball", "ball.onnx"]


@pytest.mark.parametrize(
    ("to", "extra", "package"), [("onnx", "export", "onnx"), ("tflite", "tflite", "tensorflow")]
)
def test_a_missing_package_is_named_before_anything_is_computed(
    checkpoint, tmp_path, capsys, monkeypatch, to, extra, package
):
    monkeypatch.setattr(export_release, "find_spec", lambda name: None)
    assert main(["export", checkpoint, "--to", to, "--output", str(tmp_path / f"ball.{to}")]) == 2
    assert f"--to {to} needs {package}: pip install 'tracknet-jax[{extra}]'" in capsys.readouterr().err


def test_the_windows_of_the_check_show_a_ball_that_moves():
    frames, background = example_windows(narrow("tracknet_v3"))
    assert (frames.shape, frames.dtype, background.dtype) == ((2, 8, 32, 48, 3), np.uint8, np.uint8)
    is_ball = (frames == (235, 240, 120)).all(-1)
    columns = (is_ball * np.arange(48)).sum((2, 3)) / is_ball.sum((2, 3))
    assert (np.diff(columns, axis=1) > 0.5).all()
