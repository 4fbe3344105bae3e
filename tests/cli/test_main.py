"""The `tracknet` command itself: overview, version, and how it ends."""

import os
import subprocess
import sys

import pytest

from tracknet_jax.cli.main import COMMANDS, main, run

RUN = "import sys; from tracknet_jax.cli.main import run; sys.argv[1:] = ['--help']; run()"


def test_the_overview_names_every_command(capsys):
    assert main([]) == main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"\n  {name} " in printed for name in COMMANDS)


def test_an_unknown_command_is_told(capsys):
    assert main(["fly"]) == 2
    assert (
        capsys.readouterr().err
        == f"tracknet: error: unknown command 'fly': choose from {', '.join(COMMANDS)}\n"
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_screen_and_shows_an_example(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) <= 40
    if name != "data":  # its two subcommands have theirs
        assert f"tracknet {name}" in printed.lower().partition("example")[2]


def test_a_reader_that_leaves_early_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([sys.executable, "-c", RUN], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.parametrize("chosen", [None, "/somewhere/else"])
def test_compiled_programs_are_kept_in_the_users_cache_unless_told_elsewhere(chosen, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", chosen or "")
    if chosen is None:
        monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    monkeypatch.setattr(sys, "argv", ["tracknet", "--version"])
    with pytest.raises(SystemExit):
        run()
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == (chosen or str(tmp_path / "tracknet-jax"))
