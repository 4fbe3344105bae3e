"""Writes checkpoints as `torch.save` does, with Python's own pickler and stand-ins for torch's names."""

import io
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import ml_dtypes
import numpy as np

STORAGES = {
    np.dtype(np.float32): "FloatStorage",
    np.dtype(np.float64): "DoubleStorage",
    np.dtype(np.float16): "HalfStorage",
    np.dtype(ml_dtypes.bfloat16): "BFloat16Storage",
    np.dtype(np.int64): "LongStorage",
    np.dtype(np.bool_): "BoolStorage",
}


class Storage:
    def __init__(self, array: np.ndarray):
        self.array = array


class Tensor:
    """A view into a storage; offset and strides count elements."""

    def __init__(self, storage: np.ndarray, offset: int, shape: tuple, strides: tuple):
        self.args = (Storage(storage), offset, shape, strides, False, OrderedDict())

    @classmethod
    def of(cls, array: np.ndarray) -> "Tensor":
        array = np.ascontiguousarray(array).reshape(np.shape(array))
        strides = tuple(step // array.itemsize for step in array.strides)
        return cls(array.ravel(), 0, array.shape, strides)

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.args


@contextmanager
def stand_in_torch():
    """Modules from which the pickler can take torch's names while it writes them down."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    for name in STORAGES.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    exec("def _rebuild_tensor_v2(): pass", vars(utils))
    hidden = {name: sys.modules.pop(name, None) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        yield torch
    finally:
        for name, module in hidden.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module


def pickled(tree: Any, extra: tuple = ()) -> tuple[bytes, list[np.ndarray]]:
    """The pickle of `tree`, and the storages that it refers to."""
    arrays: list[np.ndarray] = []
    file = io.BytesIO()
    with stand_in_torch() as torch:

        class Pickler(pickle.Pickler):
            def persistent_id(self, x):
                if not isinstance(x, Storage):
                    return None
                known = [array is x.array for array in arrays]
                if not any(known):
                    arrays.append(x.array)
                key = str(known.index(True) if any(known) else len(arrays) - 1)
                kind = getattr(torch, STORAGES[x.array.dtype])
                return ("storage", kind, key, "cpu", x.array.size, *extra)

        Pickler(file, 2).dump(tree)
    return file.getvalue(), arrays


def save_zip(path: Path, tree: Any) -> None:
    """The format of PyTorch 1.6 and later."""
    content, arrays = pickled(tree)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{path.stem}/data.pkl", content)
        archive.writestr(f"{path.stem}/byteorder", "little")
        for key, array in enumerate(arrays):
            archive.writestr(f"{path.stem}/data/{key}", array.tobytes())
        archive.writestr(f"{path.stem}/version", "3\n")


def save_legacy(path: Path, tree: Any) -> None:
    """The format before PyTorch 1.6."""
    content, arrays = pickled(tree, extra=(None,))
    with path.open("wb") as file:
        for head in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(head, file, 2)
        file.write(content)
        pickle.dump([str(key) for key in range(len(arrays))], file, 2)
        for array in arrays:
            file.write(struct.pack("<q", array.size) + array.tobytes())
