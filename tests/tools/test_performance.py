"""`make performance` on a network of a few hundred parameters: the tables, and what is measured again."""

import json

import performance
import pytest
import tyro

from tracknet_jax.benchmark import peak
from tracknet_jax.benchmark.benchmark_config import RUNTIMES
from tracknet_jax.cli.benchmark import BenchmarkArgs
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.registry import PRESETS
from tracknet_jax.utils.errors import UserError

TINY = TrackNetConfig(name="tiny", height=32, width=32, widths=(4, 4), depths=(1, 1), upsample="nearest")
DOCUMENT = f"before\n{performance.BLOCK.begin}\nold\n{performance.BLOCK.end}\nafter\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    monkeypatch.setattr(peak, "SIDE", {"cpu": 64})
    monkeypatch.setattr(peak, "COPIED", {"cpu": 2**16})
    options = ["--models", "tiny", "--batches", "2", "--blocks", "1", "--seconds", "0"]
    monkeypatch.setattr(performance, "runs", lambda: {"small": ("A small one", options)})
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "performance.md").write_text(DOCUMENT)
    return tmp_path


def test_the_tables_show_what_was_measured(root, monkeypatch):
    performance.write_performance(root, reuse=True)
    text = (root / "docs" / "performance.md").read_text()
    assert text.startswith(
        f"before\n{performance.BLOCK.begin}\n### A small one\n\n```sh\ntracknet benchmark --models"
    )
    (measured,) = json.loads((root / "build" / "performance" / "small.json").read_text())["results"]
    (row,) = (line for line in text.splitlines() if line.startswith("| tiny"))
    assert row.startswith("| tiny | float32 | 2 | 1 | jit | ")
    assert float(row.split(" | ")[5].replace(",", "")) == pytest.approx(
        measured["windows_per_second"], rel=0.01
    )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(performance, "tracknet", pytest.fail)
        performance.write_performance(root, reuse=True)
    assert (root / "docs" / "performance.md").read_text() == text

    asked = []
    monkeypatch.setattr(performance, "tracknet", asked.append)
    performance.write_performance(root, reuse=False)
    assert [command[:3] for command in asked] == [["benchmark", "--models", "tiny"]]


def test_a_document_without_its_block_is_told_before_anything_is_measured(root):
    (root / "docs" / "performance.md").write_text("no block")
    with pytest.raises(UserError, match="expected one block"):
        performance.write_performance(root, reuse=False)
    assert not (root / "build").exists()


def test_every_run_is_one_the_command_takes():
    assert performance.RUNTIMES.keys() <= set(RUNTIMES)
    for _, options in performance.runs().values():
        tyro.cli(BenchmarkArgs, args=options)  # a `Benchmark`, which checks its values


def test_the_document_has_its_block():
    performance.BLOCK.read(performance.ROOT / "docs" / "performance.md")
