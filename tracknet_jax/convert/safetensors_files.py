"""Safetensors files, read and written by the library of that name."""

from collections.abc import Mapping
from pathlib import Path

import ml_dtypes  # noqa: F401 -- makes bfloat16 known to NumPy
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from tracknet_jax.convert.foreign_checkpoint import Checkpoint


def read_safetensors(path: Path) -> Checkpoint:
    """Tensors, and the notes in the file's metadata."""
    with safe_open(path, "np") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 -- not iterable itself
        return Checkpoint.of(tensors, file.metadata() or {})


def write_safetensors(path: Path, tensors: Mapping[str, np.ndarray], notes: Mapping[str, object]) -> None:
    """Writes float32 tensors, with `notes` as text beside them."""
    # The library writes an array's memory as it lies, whatever its strides.
    arrays = {name: np.asarray(x, np.float32, order="C") for name, x in tensors.items()}
    path.write_bytes(save(arrays, {name: str(note) for name, note in notes.items()}))
