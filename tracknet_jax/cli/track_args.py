"""The options of `tracknet track`, for recordings and for live sources."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

import tyro

from tracknet_jax.cli.options import option, refuse_options
from tracknet_jax.utils.errors import UserError

# Options of the network and its windows, which a tracker without weights does not have.
INFERENCE = ("checkpoint", "runtime", "dtype", "conv", "overlap", "threshold", "no_link", "batch_size")


@dataclass(frozen=True)
class TrackArgs:
    """The options of `tracknet track`."""

    videos: Annotated[tuple[str, ...], tyro.conf.Positional, option("VIDEO")]
    """files, folders, patterns; or a camera's index, a stream"""
    checkpoint: Annotated[str | None, option("C")] = None
    """release or run, by name or folder (default: tracknet_nano)"""
    model: Annotated[Literal["background_subtraction"] | None, option("NAME")] = None
    """instead: background_subtraction, without any weights"""
    runtime: Annotated[Literal["jax", "onnxruntime", "openvino"], option("R")] = "jax"
    """onnxruntime or openvino compute the network (default: jax)"""
    dtype: Annotated[Literal["float32", "bfloat16"] | None, option("D")] = None
    """of activations, float32 or bfloat16"""
    conv: Annotated[Literal["lax"] | None, option("HOW")] = None
    """lax: XLA's own convolutions on a CPU, too, not Winograd's"""
    output: Annotated[Path, option("DIR")] = Path()
    """folder for the results (default: the current one)"""
    overlap: Annotated[Literal["none", "average", "weighted"], option("HOW")] = "none"
    """average or weighted: several looks at each frame; slow"""
    threshold: Annotated[float | None, option("P")] = None
    """probability above which a pixel is ball (default: 0.5)"""
    no_link: Annotated[bool, option()] = False
    """take each frame's strongest blob, on a trajectory or not"""
    fit: Annotated[Literal["auto", "stretch", "letterbox"], option("HOW")] = "auto"
    """stretch or letterbox (default: letterbox portrait and 4:3)"""
    rectify: Annotated[Literal["none", "physics", "linear", "net"], option("HOW")] = "none"
    """physics, linear or net: fill gaps (default: none)"""
    rectifier: Annotated[str | None, option("R")] = None
    """name or folder of that network's weights"""
    max_gap: Annotated[float | None, option("S")] = None
    """longest gap to fill, in seconds (default: 0.5)"""
    background: Annotated[Path | None, option("F")] = None
    """V3: image of the empty scene (default: the frames' median)"""
    start: Annotated[str | None, option("TIME")] = None
    """from here on: seconds, 1:30 or 1:02:30"""
    end: Annotated[str | None, option("TIME")] = None
    """up to here"""
    batch_size: Annotated[int | None, option("N")] = None
    """windows in a step (default: 1 on a CPU and live, else 16)"""
    no_video: Annotated[bool, option()] = False
    """leave the overlay video out"""
    no_picture: Annotated[bool, option()] = False
    """leave the picture out"""
    show: Annotated[bool, option()] = False
    """open a window, too; q ends"""
    max_latency: Annotated[float | None, option("S")] = None
    """live: drop frames rather than be S seconds late; inf: no"""
    shard: Annotated[str | None, option("I/N")] = None
    """process I's share of N; auto: as the cluster says"""
    overwrite: Annotated[bool, option()] = False
    """of several videos, track the finished ones again, too"""

    def check(self) -> None:
        """Raises `UserError` for options that would have no effect."""
        if not self.videos:
            raise UserError("no video given, for example: tracknet track rally.mp4")
        if self.model:
            refuse_options(self, INFERENCE, f"{self.model} has no weights and no windows")
        if self.runtime != "jax":
            refuse_options(self, ["conv", "dtype"], f"--runtime {self.runtime} has its own convolutions")
        if self.rectify == "none":
            refuse_options(self, ["rectifier", "max_gap"], "without --rectify no gap is filled")


def parse_time(text: str | None) -> Fraction | None:
    """The exact seconds of `90`, `1:30` or `0:01:30.5`; None stays None.

    Raises:
        UserError: the text is no time.
    """
    if text is None:
        return None
    try:
        parts = [Fraction(part) for part in text.split(":")]
    except (ValueError, ZeroDivisionError):
        parts = []
    if not 1 <= len(parts) <= 3 or min(parts) < 0:
        raise UserError(f"time {text!r}: expected seconds, m:ss or h:mm:ss")
    return sum((part * 60**power for power, part in enumerate(reversed(parts))), Fraction(0))
