"""The picture of a benchmark: throughput over batch, and the roofline."""

import itertools
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tracknet_jax.benchmark.benchmark_report import Peaks, Report, Result
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.images import check_picture_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOFS = ("-", "--", "-.", ":")  # line styles
MARKERS = "os^Dv"
LEGEND_COLUMNS = 3


def write_picture(path: Path, report: Report) -> None:
    """Draws windows a second over the batch, and each compiled step under the machine's roof.

    Raises `UserError` if the name is not that of a picture, or the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    check_picture_name(path)
    lines = curves(report)
    rows = -(-(len(lines) + len(ROOFS)) // LEGEND_COLUMNS)
    figure = Figure((12, 5 + 0.2 * rows), dpi=128, layout="constrained")
    FigureCanvasAgg(figure)
    throughput, roofline = figure.subplots(1, 2)
    _draw_throughput(throughput, lines)
    _draw_roofline(roofline, lines)
    shown = dict(zip(*reversed(roofline.get_legend_handles_labels()), strict=True))
    shown |= dict(zip(*reversed(throughput.get_legend_handles_labels()), strict=True))
    figure.legend(
        list(shown.values()), list(shown), loc="outside lower center", ncols=LEGEND_COLUMNS, fontsize=7
    )
    about = report.machine
    figure.suptitle(
        f"{about['devices']} x {about['device']}, {about['processor']}, {about['cores']} cores; jax {about['jax']}",
        size=10,
    )
    with replacing(path) as partial:
        figure.savefig(partial)


def curves(report: Report) -> dict[str, list[Result]]:
    """Results by all but their batch; those of one curve differ only in it, small batches first."""
    found: dict[str, list[Result]] = defaultdict(list)
    for result in report.results:
        case = result.case
        if case.task != "stream":
            devices = f" x{case.devices}" if case.devices > 1 else ""
            found[f"{case.task} {case.model} {case.dtype} {case.variant}{devices}"].append(result)
    return {name: sorted(results, key=lambda result: result.case.batch) for name, results in found.items()}


def _style(number: int) -> dict[str, Any]:
    """The style of a curve: a colour, and another marker when the colours repeat."""
    return {"color": f"C{number % 10}", "marker": MARKERS[number // 10 % len(MARKERS)], "markersize": 5}


def _draw_throughput(axes: "Axes", lines: dict[str, list[Result]]) -> None:
    batches = sorted({result.case.batch for results in lines.values() for result in results})
    for number, (name, results) in enumerate(lines.items()):
        speeds = np.array([result.windows_per_second for result in results])
        spreads = np.array([result.timing.spread / 2 for result in results])
        x = [result.case.batch for result in results]
        axes.errorbar(x, speeds, yerr=speeds * spreads, capsize=2, label=name, **_style(number))
    axes.set(xscale="log", yscale="log", xlabel="windows in a step, on each device", ylabel="windows / s")
    axes.set_xticks(batches, [str(batch) for batch in batches])
    axes.set_xticks([], minor=True)
    axes.grid(alpha=0.3, which="both")


def _draw_roofline(axes: "Axes", lines: dict[str, list[Result]]) -> None:
    """Operations a second over operations a byte, by XLA's counts; the roof is that of the two references."""
    roofs: dict[tuple[str, int], Peaks] = {}
    for number, results in enumerate(lines.values()):
        for result in results:
            case, analysis = result.case, result.work.analysis
            if result.peaks and analysis and analysis.bytes_accessed:
                roofs[case.dtype, case.devices] = result.peaks
                intensity = analysis.flops / analysis.bytes_accessed
                axes.plot(intensity, analysis.flops / result.timing.median, **_style(number))
    for style, ((dtype, devices), peaks) in zip(itertools.cycle(ROOFS), roofs.items(), strict=False):
        ridge = peaks.flops / peaks.bandwidth
        x = np.array([ridge / 100, ridge, 100 * ridge])
        roof = np.minimum(x * peaks.bandwidth, peaks.flops)
        axes.plot(x, roof, style, color="black", linewidth=1, label=f"roof, {dtype}, {devices} device(s)")
    axes.set(xscale="log", yscale="log", xlabel="FLOP / byte (XLA's count)", ylabel="FLOP / s")
    axes.grid(alpha=0.3)
