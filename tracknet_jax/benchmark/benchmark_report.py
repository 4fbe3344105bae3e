"""What a benchmark measured, and the figures that follow from it."""

from dataclasses import asdict, dataclass
from typing import Any

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.timing import Timing
from tracknet_jax.benchmark.workload import Work


@dataclass(frozen=True)
class Peaks:
    """Floating-point operations and bytes a second of the references that were timed beside a case."""

    flops: float
    bandwidth: float


@dataclass(frozen=True)
class Result:
    """One case.

    Attributes:
        macs: counted multiply-adds of one window's forward pass.
        peaks: None where they were not measured.
        ratio: another runtime's time over ours on the same windows.
        max_difference: the largest one between its output and JAX's.
        of_constant: speed of fed training over that of training on one constant batch.
    """

    case: Case
    work: Work
    timing: Timing
    macs: int
    peaks: Peaks | None = None
    ratio: float | None = None
    max_difference: float | None = None
    of_constant: float | None = None

    @property
    def windows_per_second(self) -> float:
        return self.work.windows / self.timing.median

    @property
    def frames_per_second(self) -> float:
        return self.work.frames / self.timing.median

    @property
    def model_flops(self) -> float:
        """Operations of one step: two for each counted multiply-add of its passes."""
        return 2.0 * self.macs * self.work.windows * self.work.passes

    @property
    def share_of_peak(self) -> float | None:
        """The step's `model_flops` a second over those of the matrix product."""
        if self.peaks is None or not self.work.passes:
            return None
        return self.model_flops / self.timing.median / self.peaks.flops

    def to_dict(self) -> dict[str, Any]:
        """Plain values; times in seconds."""
        analysis = self.work.analysis
        return {
            **asdict(self.case),
            "windows": self.work.windows,
            "frames": self.work.frames,
            "seconds": list(self.timing.blocks),
            "median": self.timing.median,
            "spread": self.timing.spread,
            "latency": {f"p{share}": self.timing.percentile(share) for share in (50, 90, 99)},
            "windows_per_second": self.windows_per_second,
            "frames_per_second": self.frames_per_second,
            "compile_seconds": self.work.compile_seconds,
            "macs_per_window": self.macs,
            "model_flops": self.model_flops,
            "xla_flops": analysis.flops if analysis else None,
            "xla_bytes_accessed": analysis.bytes_accessed if analysis else None,
            "memory": {"bytes": analysis.memory_bytes} if analysis else None,
            "peaks": asdict(self.peaks) if self.peaks else None,
            "share_of_peak": self.share_of_peak,
            "ratio": self.ratio,
            "max_difference": self.max_difference,
            "of_constant": self.of_constant,
        }


@dataclass(frozen=True)
class Report:
    """A whole benchmark: the machine, the results, and the cases that do not fit into its memory."""

    machine: dict[str, Any]
    results: tuple[Result, ...]
    too_large: tuple[Case, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "machine": self.machine,
            "results": [result.to_dict() for result in self.results],
            "too_large": [asdict(case) for case in self.too_large],
        }
