"""`tracknet benchmark`: throughput, latency, compile time, cost, memory and share of the peak."""

import shlex
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import tyro

from tracknet_jax.benchmark.benchmark_config import Benchmark
from tracknet_jax.cli.options import option
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.images import check_picture_name

RENDERED = 300  # frames of the rally that is tracked and trained on where nothing else is given


@dataclass(frozen=True)
class BenchmarkArgs(Benchmark):
    """Measure how fast networks run, train and track on this machine.

    Compile time is reported apart; what is compared is timed in turn, and beside a matrix product on the same device.
    How it is done and what the columns mean: docs/performance.md.

    example:
      tracknet benchmark --models tracknet_v2 tracknet_v5 --dtypes bfloat16 --batches 1 8 32 --json speed.json
      tracknet benchmark --tasks track --video match.mp4
    """

    video: Annotated[Path | None, option("FILE")] = None
    """to track (default: a rendered rally)"""
    data: Annotated[Path | None, option("DIR")] = None
    """labelled clips or a built dataset (default: the rendered rally)"""
    json: Annotated[Path | None, option("FILE")] = None
    """write everything that was measured"""
    markdown: Annotated[Path | None, option("FILE")] = None
    """write the tables"""
    picture: Annotated[Path | None, option("FILE")] = None
    """draw throughput over batch, and the roofline"""


def main(argv: list[str]) -> int:
    """Runs `tracknet benchmark`."""
    args = tyro.cli(BenchmarkArgs, args=argv, prog="tracknet benchmark")
    if args.picture is not None:
        check_picture_name(args.picture)

    from rich.console import Console
    from rich.markdown import Markdown

    from tracknet_jax.benchmark.benchmark_picture import write_picture
    from tracknet_jax.benchmark.benchmark_table import markdown, write_json
    from tracknet_jax.benchmark.run_benchmark import run_benchmark

    with ExitStack() as stack:
        status = stack.enter_context(Console(stderr=True).status("preparing"))
        report = run_benchmark(args, *_materials(args, stack), status.update)
    tables = markdown(report)
    Console(width=None if sys.stdout.isatty() else 140).print(Markdown(tables))
    if args.json is not None:
        write_json(args.json, report, shlex.join(["tracknet", "benchmark", *argv]))
    if args.markdown is not None:
        with replacing(args.markdown) as partial:
            partial.write_text(tables, encoding="utf-8")
    if args.picture is not None:
        write_picture(args.picture, report)
    return 0


def _materials(args: BenchmarkArgs, stack: ExitStack) -> tuple[Path, Path]:
    """The given video and data; where one is needed and not given, a rendered rally in a temporary folder."""
    no_video = args.video is None and "track" in args.tasks
    no_data = args.data is None and "input" in args.tasks
    if not (no_video or no_data):
        return args.video or Path(), args.data or Path()
    folder = Path(stack.enter_context(TemporaryDirectory()))
    video = render(folder, RENDERED)
    return args.video or video, args.data or folder


def render(folder: Path, frames: int, size: tuple[int, int] = (1280, 720)) -> Path:
    """Writes a rally as a labelled clip in the layout of the shuttlecock data; returns the video's path."""
    from tracknet_jax.cli.demo import write_rally, write_truth
    from tracknet_jax.synthetic.rally import RallyConfig, render_rally

    rally = render_rally(RallyConfig(frames=frames, width=size[0], height=size[1]))
    video = folder / "match1" / "video" / "rally.mp4"
    write_rally(rally, video)
    write_truth(rally.labels, folder / "match1" / "csv" / "rally_ball.csv")
    return video
