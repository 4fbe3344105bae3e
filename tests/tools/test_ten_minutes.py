"""`tools/ten_minutes.py`: from clips to a release, without Grain and TFDS; how many steps and which batch it takes."""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jax
import pytest

from tests.helpers.tiny_training import write_clips
from tracknet_jax.releases.release import load_release
from tracknet_jax.training.presets import load_config

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "ten_minutes.py"
SPEC = importlib.util.spec_from_file_location("ten_minutes", SCRIPT)
assert SPEC is not None
assert SPEC.loader is not None
ten_minutes = importlib.util.module_from_spec(SPEC)
sys.modules["ten_minutes"] = ten_minutes
SPEC.loader.exec_module(ten_minutes)

# Runs a file in a Python to which these packages are not there.
WITHOUT = """
import os, runpy, sys
class Absent:
    def find_spec(self, name, *rest):
        if name.split(".")[0] in ("grain", "tensorflow_datasets", "array_record"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))  # as for a script
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
def test_from_clips_to_a_release_without_grain_and_tfds(tmp_path, pytestconfig):
    clips = write_clips(tmp_path / "clips")
    recipe = tmp_path / "small.py"
    recipe.write_text(
        "from dataclasses import replace\n"
        "from tracknet_jax.training.presets import load_config\n"
        "def get_config():\n"
        "    config = load_config('smallest')\n"
        "    return replace(config, evaluation=replace(config.evaluation, pictures=0))\n"
    )
    output = tmp_path / "out"
    words = [str(SCRIPT), str(clips), "--output", str(output), "--recipes", str(recipe)]
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "JAX_NUM_CPU_DEVICES": "1",
        "JAX_COMPILATION_CACHE_DIR": str(pytestconfig.cache.mkdir("jax_ten_minutes")),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    command = [sys.executable, "-c", WITHOUT, *words, "--minutes", "0.02", "--batch-size", "4"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

    plan = json.loads((output / "small/plan.json").read_text())
    kept = json.loads((output / "small/train_config.json").read_text())
    assert (kept["steps"], kept["batch_size"]) == (plan["steps"], plan["batch_size"])
    assert plan["batch_size"] == 4
    release = load_release(output / "releases/small")
    assert release.config == load_config("smallest").model
    card = (output / "releases/small/CARD.md").read_text()
    for label, title in (("default", "default"), ("weighted", "`--overlap weighted`")):
        report = json.loads((output / f"releases/small/scores_{label}.json").read_text())
        assert report["total"]["frames"] == 12
        ((sport, counts),) = report["sports"].items()
        assert counts["f1_hit"] == report["total"]["f1_hit"]
        assert f"| {title} | {sport} | 12 | {100 * counts['f1_hit']:.1f} |" in card


def test_the_plan_fills_the_time_with_the_batch_that_fits(tmp_path, monkeypatch):
    config = replace(load_config("smallest"), batch_size=32)
    tried = []

    def fake_train(config, folder):
        """20 s to compile, then half a second a step."""
        tried.append(config.batch_size)
        assert (config.steps, config.log_every, config.evaluation.every) == (30, 10, 0)
        folder.mkdir()
        if config.batch_size > 8:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory")
        frames = 10 * config.batch_size * config.model.frames
        lines = [{"step": 10 * i, "frames_per_second": frames / (5 + 20 * (i == 1))} for i in (1, 2, 3)]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    monkeypatch.setattr(ten_minutes, "train", fake_train)
    plan = ten_minutes.kept_plan(config, tmp_path, seconds=100)
    assert tried == [32, 16, 8]
    assert (plan["steps"], plan["batch_size"]) == (160, 8)
    assert (plan["seconds_a_step"], plan["seconds_to_compile"]) == pytest.approx((0.5, 20))
    assert ten_minutes.kept_plan(config, tmp_path, seconds=999) == plan  # the run goes on as it began
    assert not (tmp_path / "measuring").exists()


def test_the_card_holds_training_and_scores():
    counts = {"frames": 12, "f1_hit": 0.5, "f1": 0.4, "precision": 0.3, "recall_hit": 0.25, "recall": 0.2}
    plan = {"steps": 9, "batch_size": 4, "seconds_a_step": 0.25, "devices": "1 x cpu"}
    report = {"sports": {"tennis": counts | {"frames": 5}, "padel": counts | {"frames": 7}}, "total": counts}
    scored = [ten_minutes.Variant("small", ("--overlap", "weighted"), report)]
    card = ten_minutes.card("small", load_config("smallest"), plan, scored)
    assert "9 steps of 4 windows, 0.250 s each, on 1 x cpu; split `auto`" in card
    assert "| `--overlap weighted` | tennis | 5 | 50.0 | 40.0 | 30.0 | 25.0 | 20.0 |" in card
    assert "| `--overlap weighted` | all | 12 | 50.0 | 40.0 | 30.0 | 25.0 | 20.0 |" in card
