import json
import shutil
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest
from orbax.checkpoint import v1 as ocp

from tests.models.test_config import TINY
from tracknet_jax.models.rectifier import RectifierConfig, init_rectifier
from tracknet_jax.models.tracknet import init_variables
from tracknet_jax.releases.release import load_rectifier, load_release, save_release, shipped_releases
from tracknet_jax.utils.errors import UserError


@pytest.fixture
def release(tmp_path: Path) -> Path:
    save_release(tmp_path / "tiny", TINY, init_variables(TINY, jax.random.key(0)), "# Tiny\n")
    return tmp_path / "tiny"


def test_round_trip_is_exact(release: Path):
    loaded = load_release(release)
    assert loaded.config == TINY
    expected = init_variables(TINY, jax.random.key(0))
    jax.tree.map(np.testing.assert_array_equal, loaded.variables, jax.tree.map(np.asarray, expected))
    assert (release / "CARD.md").read_text() == "# Tiny\n"
    assert sorted(p.name for p in release.parent.iterdir()) == ["tiny"]  # nothing left beside it
    home = str(release.parent).encode()
    assert not any(home in file.read_bytes() for file in release.rglob("*") if file.is_file())


def test_shipped_releases_load():
    assert "tracknet_nano" in shipped_releases()
    for name in shipped_releases():
        assert load_release(name).config.name == name
    for name in shipped_releases("rectifier"):
        assert load_rectifier(name).model.config == load_rectifier(name).config


def test_a_rectifier_is_a_release_of_its_own_kind(tmp_path: Path, release: Path):
    config = RectifierConfig("narrow", widths=(4, 8))
    variables = init_rectifier(config, jax.random.key(0))
    save_release(tmp_path / "narrow", config, variables, "# Narrow\n")
    assert json.loads((tmp_path / "narrow" / "config.json").read_text())["kind"] == "rectifier"
    loaded = load_rectifier(tmp_path / "narrow")
    assert loaded.config == loaded.model.config == config
    jax.tree.map(np.testing.assert_array_equal, loaded.variables, jax.tree.map(np.asarray, variables))
    with pytest.raises(UserError, match=r"narrow: a rectifier.*--rectifier"):
        load_release(tmp_path / "narrow")
    with pytest.raises(UserError, match="tiny: a tracker, not a rectifier"):
        load_rectifier(release)
    with pytest.raises(UserError, match="tracknet_nano: a tracker"):
        load_rectifier("tracknet_nano")
    with pytest.raises(UserError, match="rectifier 'nowhere': no such folder"):
        load_rectifier("nowhere")
    with pytest.raises(UserError, match="bottleneck_0"):
        save_release(tmp_path / "other", RectifierConfig("wide", widths=(4, 16)), variables)


def test_what_is_not_a_release_is_told(tmp_path: Path, release: Path):
    with pytest.raises(UserError, match="tracknet_nano"):
        load_release(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no checkpoint here"):
        load_release(tmp_path / "empty")
    for text in ("{ half a", "[1]", '{"name": "tiny", "unknown": 1}'):
        (release / "config.json").write_text(text)
        with pytest.raises(UserError, match=r"config\.json: not the config"):
            load_release(release)


def test_half_written_weights_are_told(release: Path):
    for file in sorted((release / "variables").rglob("*")):
        if file.is_file() and file.stat().st_size > 300:
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(UserError, match="cannot be read"):
        load_release(release)


def test_weights_that_are_not_finite_are_neither_written_nor_read(release: Path):
    variables = init_variables(TINY, jax.random.key(0))
    head = {"conv": {"kernel": np.full_like(variables["params"]["head"]["conv"]["kernel"], np.inf)}}
    variables = variables | {"params": variables["params"] | {"head": head}}
    with pytest.raises(UserError, match="params/head/conv/kernel is not finite"):
        save_release(release, TINY, variables)
    shutil.rmtree(release / "variables")
    ocp.save(release / "variables", jax.tree.map(np.asarray, variables))
    with pytest.raises(UserError, match=r"tiny: weights of tiny: params/head/conv/kernel is not finite"):
        load_release(release)


def test_weights_of_another_model_are_told(release: Path):
    other = replace(TINY, widths=(4, 16))
    (release / "config.json").write_text(json.dumps(other.to_dict()))
    with pytest.raises(UserError, match="tiny"):
        load_release(release)
    with pytest.raises(UserError, match="expected"):
        save_release(release, other, init_variables(TINY, jax.random.key(0)))
