"""A process of its own tracks one step, and says when it cannot."""

import pytest

from tracknet_jax.benchmark import start
from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.cli.benchmark import render
from tracknet_jax.utils.errors import UserError

CASE = Case("start", "tiny", "float32", 2)


@pytest.fixture(scope="module")
def rally(tmp_path_factory):
    return render(tmp_path_factory.mktemp("rally"), 10, size=(64, 64))


@pytest.mark.slow
def test_one_step_is_tracked(tiny, rally, tmp_path):
    work = start.starting(CASE, tiny, rally, tmp_path).work
    (table,) = (tmp_path / "started").glob("*.csv")
    assert len(table.read_text().splitlines()) == 1 + work.frames == 1 + 2 * tiny.config.outputs
    assert work.compile_seconds > 0


def test_a_process_that_fails_is_told(tiny, rally, tmp_path, monkeypatch):
    monkeypatch.setattr(start, "COMMAND", "import sys; sys.exit('first line\\nno luck')")
    with pytest.raises(UserError, match=r"a process that tracks failed: no luck$"):
        start.starting(CASE, tiny, rally, tmp_path)
