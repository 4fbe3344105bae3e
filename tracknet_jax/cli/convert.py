"""`tracknet convert`: foreign weights to a release, and a release back to a reference's tensor names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from tracknet_jax.cli.options import option
from tracknet_jax.utils.errors import UserError


@dataclass(frozen=True)
class ConvertArgs:
    """Take in other projects' weights, or give weights back to them.

    Reads PyTorch (.pt .pth .pt.tar; nothing in them is executed), .safetensors, NumPy .npz, Keras (.h5 .keras) and,
    where TensorFlow is installed, its checkpoints. Writes a release for track, evaluate and train --init-from, or,
    with --to, a file with the reference's own tensor names.

    examples:
      tracknet convert TrackNet_best.pt --output v3/
      tracknet convert v3/ --to torch --output mine.pt
    """

    weights: Annotated[str, tyro.conf.Positional, option("SRC")]
    """foreign weights; with --to, a release or a training directory"""
    output: Annotated[Path, option("PATH")]
    """folder of the release to write; with --to, the file"""
    source: Annotated[str, option("LAYOUT")] = "auto"
    """whose tensors: auto (by names and shapes), v1-torch, v1-keras, v2-keras, v2-torch,
    wasb-tracknetv2, v3-torch, inpaintnet-torch, attention-unet-torch, v4-keras, v5-torch"""
    model: Annotated[str | None, option("NAME")] = None
    """the network, where the file leaves a choice"""
    to: Annotated[Literal["torch", "safetensors"] | None, option("torch|safetensors")] = None
    """write SRC out instead"""


def main(argv: list[str]) -> int:
    """Runs the command and returns the exit code."""
    args = tyro.cli(ConvertArgs, args=argv, prog="tracknet convert")

    from tracknet_jax.convert.weights import convert_to_release, export_weights
    from tracknet_jax.releases.release import CONFIG

    if args.to is not None:
        if args.model is not None:
            raise UserError("--model is for weights coming in; with --to the release says what it is")
        layout = export_weights(args.weights, args.to, args.output, args.source)
        print(f"{args.weights} -> {args.output}: {layout.name}, the tensor names of {layout.origin}")
        return 0
    if (Path(args.weights) / CONFIG).is_file():
        raise UserError(f"{args.weights}: a release already; --to torch or --to safetensors writes it out")
    layout, config, _ = convert_to_release(Path(args.weights), args.output, args.source, args.model)
    print(f"{args.weights} ({layout.name}, {layout.origin}) -> {args.output}: {config.name}")
    return 0
