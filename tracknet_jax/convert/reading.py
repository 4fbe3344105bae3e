"""Opens a file of foreign weights with the reader of its format."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tracknet_jax.convert.foreign_checkpoint import NOTES, Checkpoint
from tracknet_jax.convert.keras_files import read_h5, read_keras
from tracknet_jax.convert.safetensors_files import read_safetensors
from tracknet_jax.convert.tensorflow_files import is_tensorflow, read_tensorflow
from tracknet_jax.convert.torch_files import read_torch, read_torch_legacy
from tracknet_jax.utils.errors import UserError


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a file of weights; its content decides the format, not its ending.

    Raises:
        UserError: there is no such file, it is damaged, or its format is none of those read here.
    """
    try:
        return reader_of(path)(path)
    except UserError:
        raise
    except Exception as error:  # a damaged file can make its library raise anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path}: damaged, or not what it seems ({reason[:200]})") from error


def reader_of(path: Path) -> Callable[[Path], Checkpoint]:
    """The reader for the file's content; raises `UserError` if there is none.

    On a damaged file a reader raises whatever the library of its format raises.
    """
    if is_tensorflow(path):
        return read_tensorflow
    if path.is_dir():
        raise UserError(f"{path}: a folder without a TensorFlow checkpoint; name the file of weights")
    if not path.is_file():
        raise UserError(f"{path}: no such file of weights")
    with path.open("rb") as file:
        start = file.read(9)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if "model.weights.h5" in names:
            return read_keras
        if any(name.endswith("data.pkl") for name in names):
            return read_torch
        if names and all(name.endswith(".npy") for name in names):
            return read_npz
    elif start.startswith(b"PK"):
        raise UserError(f"{path}: its end is missing; copy or download it again")
    elif start.startswith(b"\x89HDF"):
        return read_h5
    elif start.startswith(b"\x80"):
        return read_torch_legacy
    elif start[8:] == b"{":
        return read_safetensors
    raise UserError(f"{path}: not a PyTorch, safetensors, NumPy .npz or Keras file")


def read_npz(path: Path) -> Checkpoint:
    """An `.npz` whose keys are the reference's tensor names; notes may be among them."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    notes = {name: arrays.pop(name).item() for name in NOTES if name in arrays}
    return Checkpoint.of(arrays, notes)
