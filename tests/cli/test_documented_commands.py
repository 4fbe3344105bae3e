"""The commands of README, docs and cards: their options exist, and the configs of training can be read from them."""

import contextlib
import io
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from tracknet_jax.cli.main import main
from tracknet_jax.cli.train import read

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("launch/*.md")),
    *sorted(ROOT.glob("tracknet_jax/weights/*/CARD.md")),
]


def commands(text: str) -> list[list[str]]:
    """Words of the lines that are a `tracknet` command, with the shell variables that stand in the same text."""
    lines = re.sub(r" *\\\n\s*", " ", text).splitlines()
    variables = dict(found.groups() for line in lines if (found := re.match(r'\s+([A-Z]+)="(.+)"$', line)))
    found = [re.match(r"\s*(?:[A-Z_]+=\S+ )*tracknet (?!-)(.+)", line) for line in lines]
    texts = [re.sub(r"\$([A-Z]+)", lambda name: variables[name[1]], match[1]) for match in found if match]
    return [shlex.split(command, comments=True) for command in texts]


COMMANDS = [
    pytest.param(words, id=f"{document.name}:{' '.join(words)[:40]}")
    for document in DOCUMENTS
    for words in commands(document.read_text())
]


@cache
def help_text(*command: str) -> str:
    """What `tracknet COMMAND --help` prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        main([*command, "--help"])
    return output.getvalue()


def test_finds_commands_and_joins_their_lines():
    text = 'A\n\n    SMALL="--a 1"\n    tracknet x $SMALL \\\n        --b "c d"  # why\n'
    assert commands(text) == [["x", "--a", "1", "--b", "c d"]]
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("words", COMMANDS)
def test_options_exist(words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(ROOT)
    if words[0] == "train":
        _, config = read([word.replace("NAME:VARIANT", "tracknet_v2:tennis") for word in words[1:]])
        assert config.data.source
        return
    command = words[:2] if words[0] == "data" else words[:1]
    known = set(re.findall(r"--[\w-]+", help_text(*command)))
    assert {word for word in words if word.startswith("--")} <= known
