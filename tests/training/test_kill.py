"""A run that is killed with SIGKILL again and again ends in the very bits of one that was left alone."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from tracknet_jax.training.checkpoints import Checkpoints
from tracknet_jax.training.loop import _abstract_state
from tracknet_jax.training.presets import load_config

REPOSITORY = Path(__file__).resolve().parents[2]
STEPS = 40


@pytest.fixture
def start(clips, tmp_path, pytestconfig):
    """Starts `tracknet train smallest` in a working directory, as a process of its own."""
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(pytestconfig.cache.mkdir("jax_kill")),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    overrides = {
        "--data.source": clips,
        "--steps": STEPS,
        "--checkpoint.every": 2,
        "--evaluation.every": 15,
        "--evaluation.pictures": 0,
        "--optimizer.schedule.name": "cosine",
    }

    def begin(workdir):
        command = [
            sys.executable,
            str(REPOSITORY / "launch/train.py"),
            "smallest",
            "--workdir",
            str(workdir),
        ]
        command += [str(word) for pair in overrides.items() for word in pair]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    return begin


def finish(process):
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output.decode()
    return output.decode()


def kill_after(process, workdir, step, delay):
    """Kills the process some time after the checkpoint of `step`, wherever it then is."""
    folder = workdir / "checkpoints"
    while process.poll() is None and newest(folder) < step:
        time.sleep(0.002)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "the run was over before it could be killed"


def newest(folder):
    return max((int(p.name) for p in folder.glob("*") if p.name.isdigit()), default=-1)


def final_state(workdir):
    config = load_config("smallest")
    with Checkpoints(workdir, 2, "val/f1_hit") as checkpoints:
        state = checkpoints.restore(_abstract_state(config), config).state
    return jax.tree.map(np.asarray, state.replace(key=jax.random.key_data(state.key)))


@pytest.mark.slow
def test_killed_runs_end_in_the_same_bits(start, tmp_path):
    finish(start(tmp_path / "whole"))
    rng, killed = random.Random(0), tmp_path / "killed"
    for step in (0, 10, 24):  # 0: while the first checkpoints are written
        kill_after(start(killed), killed, step, rng.uniform(0, 0.08))
    finish(start(killed))

    assert not list((killed / "checkpoints").glob("*tmp*"))  # what the kills left half-written is gone
    expected, found = final_state(tmp_path / "whole"), final_state(killed)
    assert int(found.step) == STEPS
    for a, b in zip(jax.tree.leaves(expected), jax.tree.leaves(found), strict=True):
        np.testing.assert_array_equal(a, b)

    logs = [(workdir / "metrics.jsonl").read_text().splitlines() for workdir in (tmp_path / "whole", killed)]
    steps = [[line.split(",")[0] for line in log] for log in logs]
    assert steps[0] == steps[1]  # every line once


@pytest.mark.slow
def test_sigterm_ends_a_process_cleanly(start, tmp_path):
    process = start(tmp_path)
    while process.poll() is None and newest(tmp_path / "checkpoints") < 4:
        time.sleep(0.002)
    process.send_signal(signal.SIGTERM)
    assert "stopped, the same command goes on" in finish(process)
