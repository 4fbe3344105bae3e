"""Unpickling that executes nothing: the pickles inside torch's files, with tensors left as descriptions.

A pickle can make Python import and call anything. Here names are looked up in a fixed table and nothing is imported;
a name that is not in the table is an error.
"""

import math
import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

import ml_dtypes  # noqa: F401 -- makes bfloat16 known to NumPy
import numpy as np

from tracknet_jax.utils.errors import UserError


class UnsafePickleError(Exception):
    """The pickle asks for a callable that reading weights does not need."""


@dataclass(frozen=True)
class Storage:
    """The bytes behind one or more tensors, and how to read them as one flat array."""

    dtype: str
    read: Callable[[], bytes | memoryview]

    def elements(self) -> np.ndarray:
        return np.frombuffer(self.read(), self.dtype)


@dataclass(frozen=True)
class StoredTensor:
    """A view of a storage; offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> np.ndarray:
        """The view as an array, nothing copied; raises `ValueError` when it reaches outside the storage."""
        elements = self.storage.elements()
        if not math.prod(self.shape):
            return np.zeros(self.shape, elements.dtype)
        last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if min(self.offset, *self.shape, *self.strides, 0) < 0 or last >= elements.size:
            raise ValueError(f"a tensor of {self.shape} reaches outside its storage of {elements.size}")
        steps = tuple(step * elements.itemsize for step in self.strides)
        return np.lib.stride_tricks.as_strided(elements[self.offset :], self.shape, steps, writeable=False)


class Ignored(dict):
    """Stands for an object that a trainer stored beside the weights; its content is dropped."""

    def __init__(self, *_: Any) -> None:
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        pass


def rebuild_tensor(storage: Any, offset: int, shape: Any, strides: Any, *_: Any) -> StoredTensor:
    """What `torch._utils._rebuild_tensor_v2` is asked for."""
    return StoredTensor(storage, offset, tuple(shape), tuple(strides))


def rebuild_parameter(tensor: StoredTensor, *_: Any) -> StoredTensor:
    """What `torch._utils._rebuild_parameter` is asked for."""
    return tensor


STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
TENSORS: dict[str, Callable[..., StoredTensor]] = {
    "torch._utils._rebuild_tensor": rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": rebuild_tensor,
    "torch._utils._rebuild_parameter": rebuild_parameter,
}
IGNORED = {  # schedules, scores and arguments, as trainers store them (in protocol 2, torch's own)
    "__builtin__.dict",
    "__builtin__.list",
    "__builtin__.set",
    "_codecs.encode",
    "argparse.Namespace",
    "collections.Counter",
    "collections.defaultdict",
    "numpy.dtype",
    "numpy.ndarray",
    "numpy.core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
    "pathlib.PosixPath",
    "pathlib.WindowsPath",
    "pathlib._local.PosixPath",  # as Python 3.13 names them
    "pathlib._local.WindowsPath",
    "torch.device",
}


class TensorUnpickler(pickle.Unpickler):
    """Reads one pickle; `storage` makes a `Storage` of a persistent id, as torch writes them."""

    def __init__(self, file: IO[bytes], storage: Callable[[Any], Storage]) -> None:
        super().__init__(file)
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        # Mutable objects are new each time: a pickle can set attributes of what it gets.
        wanted = f"{module}.{name}"
        if wanted in TENSORS:
            return partial(TENSORS[wanted])
        if wanted in IGNORED:
            return type("Ignored", (Ignored,), {})
        if wanted == "collections.OrderedDict":
            return OrderedDict
        if wanted == "torch.Size":
            return tuple
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise UnsafePickleError(wanted)

    def persistent_load(self, pid: Any) -> Storage:
        return self._storage(pid)


def unpickle(file: IO[bytes], storage: Callable[[Any], Storage], where: str) -> Any:
    """The next pickle of `file`; raises `UserError` when it asks for more than tensors."""
    try:
        return TensorUnpickler(file, storage).load()
    except UnsafePickleError as unsafe:
        raise UserError(
            f"{where}: asks Python for {unsafe}, which weights do not need; nothing was run. "
            "Save the state_dict alone if the file is yours"
        ) from None
