"""Measures this machine and writes the tables and the picture of docs/performance.md anew: `make performance`.

python docs/performance.py [--reuse] [--quick]

Each of RUNS is one `tracknet benchmark`; what it measured stays in build/performance/. The machine should have
nothing else to do. Ten minutes on two cores.
"""

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import tyro
from blocks import Block

from tracknet_jax.cli.main import main as tracknet
from tracknet_jax.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
BLOCK = Block("<!-- figures: written by `make performance` -->", "<!-- end of figures -->")
RUNTIMES = {
    "lax": "jax",
    "torch": "torch",
    "torch_compile": "torch",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
}
FULL, QUICK = ("--blocks", "5"), ("--blocks", "1", "--seconds", "0", "--calls", "5")


def runs() -> dict[str, tuple[str, list[str]]]:
    """A title and the options of each, by the name of its files. Runtimes that are not installed are left out."""
    against = [runtime for runtime, package in RUNTIMES.items() if find_spec(package)]
    tracking = [runtime for runtime in against if not runtime.startswith("torch")]
    both = ["--dtypes", "float32", "bfloat16"]
    compared = ["--against", *against] if against else []
    tracked = ["--against", *tracking] if tracking else []
    networks = ["--models", "tracknet_nano", "tracknet_v2", "tracknet_v5"]
    return {
        "nano": (
            "The shipped network",
            ["--tasks", "inference", "stream", "train", "track", "start", "data", "--batches", "1", "4"],
        ),
        "pipeline": (
            "Tracking with other runtimes",
            ["--tasks", "stream", "track", "--batches", "4", *both, *tracked],
        ),
        "networks": ("Networks in other runtimes", [*networks, *both, "--batches", "1", *compared]),
    }


def write_performance(root: Path, reuse: bool, quick: bool) -> None:
    """Runs the benchmarks and writes the block of docs/performance.md.

    Args:
        root: holds docs/performance.md, docs/images/ and build/performance/.
        reuse: take what is in build/performance/ already.
        quick: one block a case, to see that all of it works.

    Raises:
        UserError: the document has no block, which is seen before anything is measured; or a run failed.
    """
    document, folder = root / "docs" / "performance.md", root / "build" / "performance"
    BLOCK.replace(document, None)
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for name, (title, options) in runs().items():
        options = [*options, *(QUICK if quick else FULL)]
        tables = folder / f"{name}.md"
        if not (reuse and tables.is_file()):
            _measure([*options, "--json", str(folder / f"{name}.json"), "--markdown", str(tables)])
        command = shlex.join(["tracknet", "benchmark", *options])
        parts += [f"### {title}", f"```sh\n{command}\n```", tables.read_text(encoding="utf-8").strip()]
    BLOCK.replace(document, "\n\n".join(parts))


def _measure(options: list[str]) -> None:
    if tracknet(["benchmark", *options]):
        raise UserError(f"could not measure: {shlex.join(['tracknet', 'benchmark', *options])}")


def main(reuse: bool = False, quick: bool = False) -> int:
    """Measures this machine and writes the tables of docs/performance.md.

    Args:
        reuse: take what was measured already
        quick: one block a case, to see that all of it works
    """
    try:
        write_performance(ROOT, reuse, quick)
    except UserError as error:
        print(f"performance: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
