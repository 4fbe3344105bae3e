"""Runs of two processes on loopback: killed and stopped, in the very bits of a run of one process; and with pmap."""

import json
import os
import subprocess
import sys

import jax
import numpy as np
import pytest

from tests.training.test_kill import REPOSITORY, final_state
from tracknet_jax.training.cluster.processes import parse_address, run_one_process_at_a_time
from tracknet_jax.utils.errors import UserError

STEPS = 20


@pytest.fixture(scope="module")
def run(clips, pytestconfig):
    """Runs a file of launch/ to its end, each process with its virtual devices."""

    def call(file, workdir, changes=None, **variables):
        environment = os.environ | {
            "JAX_PLATFORMS": "cpu",
            "JAX_COMPILATION_CACHE_DIR": str(pytestconfig.cache.mkdir("jax_rehearsal")),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "XLA_FLAGS": "--xla_backend_optimization_level=0",  # six processes compile, each little programs
            "PYTHON": sys.executable,
            **{name: str(value) for name, value in variables.items()},
        }
        words = (
            [str(workdir), "smallest"] if file.endswith(".sh") else ["smallest", "--workdir", str(workdir)]
        )
        overrides = {
            "--data.source": clips,
            "--steps": STEPS,
            "--checkpoint.every": 2,
            "--evaluation.every": 10,
            "--log-every": 1,
            "--optimizer.eps": 1,  # steps that follow small gradients smoothly, see `tiny_training.SMOOTH`
            "--optimizer.lr": 0.1,
            **(changes or {}),
        }
        words += [str(word) for pair in overrides.items() for word in pair]
        program = [] if file.endswith(".sh") else [sys.executable]
        done = subprocess.run(
            [*program, str(REPOSITORY / "launch" / file), *words],
            env=environment,
            capture_output=True,
            text=True,
        )
        logs = "".join(f"{log.name}:\n{log.read_text()}" for log in sorted(workdir.glob("log_*.txt")))
        assert done.returncode == 0, done.stdout + done.stderr + logs
        return done.stdout

    return call


@pytest.fixture(scope="module")
def alone(run, tmp_path_factory):
    """The working directory of a run of one process with two devices."""
    workdir = tmp_path_factory.mktemp("alone")
    run("train.py", workdir, JAX_NUM_CPU_DEVICES=2)
    return workdir


def lines(workdir):
    rows = map(json.loads, (workdir / "metrics.jsonl").read_text().splitlines())
    return [row | {"frames_per_second": 0} for row in rows]


@pytest.mark.slow
def test_processes_that_are_killed_and_stopped_end_in_the_bits_of_one(run, alone, tmp_path):
    rehearsed = tmp_path / "rehearsed"
    run("local_rehearsal.sh", rehearsed, PROCESSES=2, KILL_AFTER=2, TERM_AFTER=8)
    log = {path.name: path.read_text() for path in rehearsed.glob("log_*.txt")}
    # The second is JAX's own message, where the loss is seen while all wait for each other.
    told = "another process was lost; start all of them again", "another task died"
    assert any(message in log["log_0_0.txt"] for message in told)
    assert "stopped, the same command goes on" in log["log_1_0.txt"]  # though process 1 had the signal
    for silent in ("log_0_1.txt", "log_1_1.txt"):
        assert "step" not in log[silent]

    assert "finished" in run("train.py", rehearsed, JAX_NUM_CPU_DEVICES=2)  # with another number of processes
    expected, found = final_state(alone), final_state(rehearsed)
    assert int(found.step) == STEPS
    for a, b in zip(jax.tree.leaves(expected), jax.tree.leaves(found), strict=True):
        np.testing.assert_array_equal(a, b)

    assert lines(rehearsed) == lines(alone)
    assert len(list((rehearsed / "pictures").iterdir())) == 2


@pytest.mark.slow
def test_pmap_of_processes_that_divide_the_frames_among_their_devices(run, alone, tmp_path):
    """Four devices, the memory of each too small for the frames: the losses of one process, two devices and jit."""
    changes = {"--parallel": "pmap", "--data.device-memory": 1e-4, "--steps": 6, "--evaluation.every": 0}
    run("local_rehearsal.sh", tmp_path, changes, PROCESSES=2, DEVICES=2)
    assert "streamed" not in (tmp_path / "log_0_0.txt").read_text()
    found, expected = (
        [row["loss"] for row in lines(workdir) if "loss" in row] for workdir in (tmp_path, alone)
    )
    assert len(found) == 6
    np.testing.assert_allclose(found, expected[:6], rtol=1e-4)


def test_addresses():
    assert parse_address("10.0.0.1:8476,1/4") == ("10.0.0.1:8476", 1, 4)
    assert parse_address("[::1]:80,0/1") == ("[::1]:80", 0, 1)
    for wrong in ("10.0.0.1,0/2", "10.0.0.1:80", "a:80,2/2", "a:80,-1/2", "maybe"):
        with pytest.raises(UserError, match=r"give auto, or HOST:PORT,I/N"):
            parse_address(wrong)


def test_a_turn_raises_what_the_work_raises():
    def work():
        raise UserError("no clips")

    assert run_one_process_at_a_time(lambda: 3) == 3
    with pytest.raises(UserError, match="no clips"):
        run_one_process_at_a_time(work)
