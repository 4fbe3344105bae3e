"""Measures this machine and writes the tables and the picture of docs/performance.md anew: `make performance`.

python tools/performance.py [--reuse]

Each of `runs` is one `tracknet benchmark`; what it measured stays in build/performance/. The machine should have
nothing else to do. About a quarter of an hour on two cores.
"""

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import tyro
from blocks import Block

from tracknet_jax.cli.main import main as tracknet
from tracknet_jax.utils.errors import UserError, entry_point

ROOT = Path(__file__).resolve().parents[1]
BLOCK = Block("<!-- figures: written by `make performance` -->", "<!-- end of figures -->")
RUNTIMES = {"torch": "onnx2torch", "onnxruntime": "onnxruntime", "openvino": "openvino"}  # and their packages


def runs() -> dict[str, tuple[str, list[str]]]:
    """A title and the options of each, by the name of its files. Runtimes that are not installed are left out."""
    others = [runtime for runtime, package in RUNTIMES.items() if find_spec(package)]
    both = ["--dtypes", "float32", "bfloat16", "--blocks", "3"]
    tasks = ["--tasks", "inference", "stream", "train"]
    elsewhere = [*both, "--against", *others] if others else []
    return {
        "nano": ("The shipped network", [*tasks, "--batches", "1", "4", "--blocks", "5"]),
        "tracking": (
            "The shipped network, from video to CSV",
            ["--tasks", "inference", "track", "--batches", "1", *elsewhere],
        ),
        "networks": (
            "The full networks",
            ["--models", "tracknet_v2", "tracknet_v5", *both, "--batches", "1", "--against", "lax", *others],
        ),
    }


def write_performance(root: Path, reuse: bool) -> None:
    """Runs the benchmarks and writes the block of docs/performance.md.

    Args:
        root: holds docs/performance.md, docs/images/ and build/performance/.
        reuse: take what is in build/performance/ already.

    Raises:
        UserError: the document has no block, which is seen before anything is measured; or a run failed.
    """
    document, folder = root / "docs" / "performance.md", root / "build" / "performance"
    BLOCK.read(document)
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for name, (title, options) in runs().items():
        tables = folder / f"{name}.md"
        if not (reuse and tables.is_file()):
            _measure([*options, "--json", str(folder / f"{name}.json"), "--markdown", str(tables)])
        command = shlex.join(["tracknet", "benchmark", *options])
        parts += [f"### {title}", f"```sh\n{command}\n```", tables.read_text(encoding="utf-8").strip()]
    BLOCK.replace(document, "\n\n".join(parts))


def _measure(options: list[str]) -> None:
    if tracknet(["benchmark", *options]):
        raise UserError(f"could not measure: {shlex.join(['tracknet', 'benchmark', *options])}")


@entry_point("performance")
def main(reuse: bool = False) -> None:
    """Measures this machine and writes the tables of docs/performance.md.

    Args:
        reuse: measure only what is not in build/performance/ yet
    """
    write_performance(ROOT, reuse)


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
