"""From a release to a checked file."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tracknet_jax.errors import UserError
from tracknet_jax.export.check import Agreement, compare_onnx, compare_stablehlo
from tracknet_jax.export.stablehlo import stablehlo_program
from tracknet_jax.files import replacing
from tracknet_jax.releases import Release

Format = Literal["stablehlo", "onnx"]

# What jax.export stores its programs with, and what writes and checks ONNX.
PACKAGES = {"stablehlo": ("flatbuffers",), "onnx": ("onnx", "onnxruntime")}


def export_release(release: Release, to: Format, path: Path, tolerance: float) -> Agreement:
    """Writes the network to `path`, if what was written, loaded again, gives JAX's maps.

    Raises `UserError` when a package for the format is missing, a map differs by more than `tolerance`, or the
    file cannot be written; none is written then.
    """
    for package in PACKAGES[to]:
        if find_spec(package) is None:
            raise UserError(f"--to {to} needs {package}: pip install 'tracknet-jax[export]'")
    with replacing(path) as partial:
        if to == "stablehlo":
            partial.write_bytes(stablehlo_program(release))
            agreement = compare_stablehlo(partial, release)
        else:
            from tracknet_jax.export.network import onnx_model

            partial.write_bytes(onnx_model(release.config, release.variables).SerializeToString())
            agreement = compare_onnx(partial, release)
        if not agreement.difference <= tolerance:  # nor is NaN
            raise UserError(
                f"{path}: not written, its maps differ from JAX's by up to {agreement.difference:.2g}, "
                f"more than --tolerance {tolerance:g}"
            )
    return agreement
