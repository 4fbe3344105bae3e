"""`tracknet export`: a network and its weights as one file for other runtimes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from tracknet_jax.cli.options import option


@dataclass(frozen=True)
class ExportArgs:
    """Write a network and its weights as one file for other runtimes.

    The file takes uint8 frames (batch, L, H, W, 3), RGB, and gives maps in [0, 1]; the batch size is free, except in
    TFLite (1). Before it is put in place it is loaded again and its maps are compared with JAX's.

    examples:
      tracknet export tracknet_nano --to onnx --output nano.onnx
      tracknet export runs/v5 --to stablehlo --output v5.stablehlo
    """

    checkpoint: Annotated[str, tyro.conf.Positional, option("CHECKPOINT")]
    """shipped release, release folder or training directory"""
    to: Annotated[Literal["stablehlo", "onnx", "tflite"], option("stablehlo|onnx|tflite")]
    """format of the file"""
    output: Annotated[Path, option("FILE")]
    """the file to write"""
    tolerance: Annotated[float, option("P")] = 1e-4
    """largest difference from JAX's maps, in probability, at which the file is written (1e-4)"""


def main(argv: list[str]) -> int:
    """Runs the command and returns the exit code."""
    args = tyro.cli(ExportArgs, args=argv, prog="tracknet export")

    from tracknet_jax.export.export_release import export_release
    from tracknet_jax.releases.release import load_release

    release = load_release(args.checkpoint)
    agreement = export_release(release, args.to, args.output, args.tolerance)
    size = args.output.stat().st_size / 2**20
    print(
        f"{args.checkpoint} -> {args.output}: {release.config.name}, {args.to}, {size:.1f} MB; "
        f"differs from JAX by {agreement.difference:.1e} at most, "
        f"in maps of {agreement.lowest:.2g} to {agreement.highest:.2g}"
    )
    return 0
