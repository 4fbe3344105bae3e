"""`launch/tpu_vm.sh` with a stand-in for gcloud that runs the hosts' commands here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "launch" / "tpu_vm.sh"

GCLOUD = """#!/usr/bin/env bash
echo "$*" >> gcloud.log
command=${*: -1}
case $command in *version_info*) bash -c "$command" ;; esac
"""
PYTHON = """#!{executable}
import sys
sys.version_info = {version}
exec(sys.argv[2])
"""


@pytest.fixture
def setup(tmp_path):
    """Runs `setup` with Python 3.10 on the hosts, and python3.11 beside it."""
    versions = {"python3": (3, 10), "python3.11": (3, 11)}
    programs = {
        name: PYTHON.format(executable=sys.executable, version=version) for name, version in versions.items()
    }
    for name, text in {"gcloud": GCLOUD, "git": "#!/bin/sh\n", **programs}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "TPU": "pod",
        "ZONE": "here",
        "TMPDIR": str(tmp_path),
    }

    def run(**variables: str) -> tuple[subprocess.CompletedProcess, str]:
        done = subprocess.run(
            ["bash", SCRIPT, "setup"],
            cwd=tmp_path,
            env=environment | variables,
            capture_output=True,
            text=True,
        )
        return done, (tmp_path / "gcloud.log").read_text()

    return run


def test_an_old_python_is_told_before_anything_is_copied(setup):
    done, commands = setup()
    assert done.returncode == 1
    assert "PYTHON=python3.11 launch/tpu_vm.sh setup" in done.stderr
    assert "scp" not in commands


def test_the_environment_is_made_by_the_named_python(setup):
    done, commands = setup(PYTHON="python3.11")
    assert (done.returncode, done.stderr) == (0, "")
    assert "python3.11 -m venv tracknet/.venv" in commands
