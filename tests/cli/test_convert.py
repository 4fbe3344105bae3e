"""`tracknet convert`: in, out again, and what it says."""

import hashlib

import numpy as np
import pytest

from tests.helpers.reference import load_golden, tensors
from tests.helpers.torch_writer import Tensor, save_zip
from tracknet_jax.cli.main import main
from tracknet_jax.convert.layouts import LAYOUTS
from tracknet_jax.convert.reading import read_checkpoint
from tracknet_jax.releases.release import load_rectifier


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    """The InpaintNet's: the smallest of the references."""
    return tensors(load_golden("v3_inpaintnet")[1])


@pytest.fixture
def checkpoint(weights, tmp_path):
    """A checkpoint as V3's trainer writes it."""
    stored = {name: Tensor.of(x) for name, x in weights.items()}
    path = tmp_path / "InpaintNet_best.pt"
    save_zip(path, {"epoch": 7, "model": stored, "param_dict": {"model_name": "InpaintNet", "seq_len": 24}})
    return path


def test_a_checkpoint_becomes_a_release(checkpoint, weights, tmp_path, capsys):
    assert main(["convert", str(checkpoint), "--output", str(tmp_path / "filler")]) == 0
    assert capsys.readouterr().out == (
        f"{checkpoint} (inpaintnet-torch, qaz812345/TrackNetV3) -> {tmp_path / 'filler'}: inpaintnet\n"
    )
    release = load_rectifier(tmp_path / "filler")
    assert release.config.length == 24
    golden, _ = load_golden("v3_inpaintnet")
    output = release.model.apply(release.variables, golden["L37/coor"], golden["L37/mask"])
    np.testing.assert_allclose(output, golden["L37/output"], atol=1e-5)


def test_the_card_tells_where_it_came_from_but_not_from_which_folder(checkpoint, tmp_path):
    main(["convert", str(checkpoint), "--output", str(tmp_path / "filler")])
    card = (tmp_path / "filler" / "CARD.md").read_text()
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert f"`InpaintNet_best.pt` (sha256 {digest}), layout inpaintnet-torch" in card
    assert all(
        str(tmp_path).encode() not in p.read_bytes() for p in (tmp_path / "filler").rglob("*") if p.is_file()
    )


@pytest.mark.parametrize(("to", "name"), [("torch", "mine.pt"), ("safetensors", "mine.safetensors")])
def test_out_again_bit_by_bit(to, name, checkpoint, weights, tmp_path, capsys):
    release, file = tmp_path / "filler", tmp_path / "out" / name
    assert main(["convert", str(checkpoint), "--output", str(release)]) == 0
    assert main(["convert", str(release), "--to", to, "--output", str(file)]) == 0
    assert capsys.readouterr().out.endswith("inpaintnet-torch, the tensor names of qaz812345/TrackNetV3\n")
    back = read_checkpoint(file)
    assert int(back.notes["seq_len"]) == 24
    assert sorted(back.tensors) == sorted(weights)  # safetensors sorts by name
    assert to == "safetensors" or list(back.tensors) == list(weights)
    for tensor, array in weights.items():
        np.testing.assert_array_equal(back.tensors[tensor], array)
    assert main(["convert", str(file), "--output", str(tmp_path / "again")]) == 0
    assert load_rectifier(tmp_path / "again").config == load_rectifier(release).config


def test_a_torch_file_is_nested_as_the_project_expects(checkpoint, tmp_path):
    torch = pytest.importorskip("torch")
    main(["convert", str(checkpoint), "--output", str(tmp_path / "filler")])
    main(["convert", str(tmp_path / "filler"), "--to", "torch", "--output", str(tmp_path / "mine.pt")])
    loaded = torch.load(tmp_path / "mine.pt", weights_only=True)
    assert loaded["param_dict"] == {"model_name": "InpaintNet", "seq_len": 24, "bg_mode": ""}
    assert set(loaded["model"]) == set(tensors(load_golden("v3_inpaintnet")[1]))


def refused(capsys, *argv) -> str:
    assert main(["convert", *map(str, argv)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("tracknet: error: ")
    assert told.count("\n") == 1
    return told


def test_what_does_not_fit_writes_nothing(checkpoint, tmp_path, capsys):
    told = refused(capsys, checkpoint, "--source", "v5-torch", "--output", tmp_path / "out")
    assert "InpaintNet_best.pt: as v5-torch, backbone.conv1.conv.0.weight (64, 9, 3, 3) is missing; " in told
    assert "the nearest layout is inpaintnet-torch, where 18 of 18 tensors fit" in told
    assert not (tmp_path / "out").exists()


def test_wrong_words_are_told(checkpoint, tmp_path, capsys):
    out = tmp_path / "out"
    told = refused(capsys, checkpoint, "--source", "v6", "--output", out)
    assert f"unknown layout 'v6': choose from auto, {', '.join(LAYOUTS)}" in told
    assert "no such file" in refused(capsys, tmp_path / "none.pt", "--output", out)
    main(["convert", str(checkpoint), "--output", str(out)])
    assert "a release already" in refused(capsys, out, "--output", tmp_path / "again")
    told = refused(capsys, out, "--to", "torch", "--source", "v3-torch", "--output", tmp_path / "w.pt")
    assert "inpaintnet can be written as inpaintnet-torch" in told
    assert "--model is for" in refused(
        capsys, out, "--to", "torch", "--model", "a", "--output", tmp_path / "w.pt"
    )


def test_a_network_that_no_reference_has_stays_here(tmp_path, capsys):
    told = refused(capsys, "tracknet_nano", "--to", "torch", "--output", tmp_path / "nano.pt")
    assert "tracknet_nano can be written as no layout: no reference has just this" in told


def test_the_help_names_every_layout(capsys):
    with pytest.raises(SystemExit):
        main(["convert", "--help"])
    printed = capsys.readouterr().out
    assert all(name in printed for name in LAYOUTS)
