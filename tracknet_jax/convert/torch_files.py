"""PyTorch's checkpoints without PyTorch: reads zip archives (1.6 and later) and the older stream, writes archives."""

import io
import math
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from tracknet_jax.convert.foreign_checkpoint import Checkpoint
from tracknet_jax.convert.unpickling import Ignored, Storage, StoredTensor, unpickle
from tracknet_jax.utils.errors import UserError

WRAPPERS = ("model_state_dict", "state_dict", "model", "net", "network")  # where trainers put the weights
MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle of the older format


def read_torch(path: Path) -> Checkpoint:
    """A zip archive of `torch.save`: one pickle, and one file for each storage.

    Raises:
        UserError: the file holds no weights, or its pickle asks for anything but tensors.
    """
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        folder = next(name for name in names if name.endswith("data.pkl")).removesuffix("data.pkl")
        if f"{folder}byteorder" in names and archive.read(f"{folder}byteorder") != b"little":
            raise UserError(f"{path}: written on a big-endian machine; save it again on another")
        read = cache(lambda key: archive.read(f"{folder}data/{key}"))
        tree = unpickle(io.BytesIO(archive.read(f"{folder}data.pkl")), partial(_storage, read), str(path))
        return _checkpoint(tree, path)


def read_torch_legacy(path: Path) -> Checkpoint:
    """The format before PyTorch 1.6: five pickles in a row, then each storage's length and content.

    Raises:
        UserError: as `read_torch` does.
    """
    storages: dict[str, memoryview] = {}
    dtypes: dict[str, str] = {}

    def storage(pid: Any) -> Storage:
        made = _storage(storages.__getitem__, pid)
        dtypes[pid[2]] = made.dtype
        return made

    with path.open("rb") as file:
        next_pickle = partial(unpickle, file, storage, str(path))
        if next_pickle() != MAGIC:
            raise UserError(f"{path}: a pickle, but not a torch checkpoint")
        _protocol, _system, tree = next_pickle(), next_pickle(), next_pickle()
        keys, rest = next_pickle(), memoryview(file.read())
    for key in keys if isinstance(keys, list) else []:
        end = 8 + int.from_bytes(rest[:8], "little") * np.dtype(dtypes.get(key, "u1")).itemsize
        storages[key], rest = rest[8:end], rest[end:]
    return _checkpoint(tree, path)


def _storage(read: Callable[[str], bytes | memoryview], pid: Any) -> Storage:
    """The storage of a persistent id `("storage", type, key, device, number of elements, ...)`."""
    kind, dtype, key, *_ = pid
    if kind != "storage" or not isinstance(dtype, str):
        raise ValueError(f"unknown entry {kind}")
    return Storage(dtype, lambda: read(key))


def _checkpoint(tree: Any, path: Path) -> Checkpoint:
    """The weights of a state dict, or of the training checkpoint around one."""
    notes = tree.get("param_dict", {}) if isinstance(tree, dict) else {}
    for _ in range(3):  # wrappers within wrappers; a file could make them a circle
        tree = next((tree[k] for k in WRAPPERS if _is_dict(tree) and _is_dict(tree.get(k))), tree)
    stored = {name: x for name, x in tree.items() if isinstance(x, StoredTensor)} if _is_dict(tree) else {}
    if not stored:
        raise UserError(f"{path}: a torch file without a state dict")
    return Checkpoint.of({name: tensor.array() for name, tensor in stored.items()}, notes)


def _is_dict(x: Any) -> bool:
    return isinstance(x, dict) and not isinstance(x, Ignored)


def write_torch(path: Path, tree: Mapping[str, Any]) -> None:
    """Writes nested dicts of strings, whole numbers and float32 arrays as `torch.save` does.

    `torch.load(path, weights_only=True)` reads it.
    """
    arrays: list[np.ndarray] = []
    pickled = b"\x80\x02" + b"".join(_opcodes(tree, arrays)) + b"."
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_entry("data.pkl"), pickled)
        archive.writestr(_entry("byteorder"), "little")
        for key, array in enumerate(arrays):
            archive.writestr(_entry(f"data/{key}"), np.ascontiguousarray(array, "<f4").tobytes())
        archive.writestr(_entry("version"), "3\n")


def _entry(name: str) -> zipfile.ZipInfo:
    """A file of the archive without its time, so that the same weights give the same file."""
    return zipfile.ZipInfo(f"archive/{name}")


def _opcodes(x: Any, arrays: list[np.ndarray]) -> Iterator[bytes]:
    """The pickle of `x`, opcode by opcode: a pickler would have to import torch for the names in it."""
    if isinstance(x, Mapping):
        yield b"}("  # a new dict, and the start of its items
        for key, value in x.items():
            yield from _opcodes(key, arrays)
            yield from _opcodes(value, arrays)
        yield b"u"
    elif isinstance(x, str):
        encoded = x.encode()
        yield b"X" + struct.pack("<I", len(encoded)) + encoded
    elif isinstance(x, int):
        yield b"J" + struct.pack("<i", x)
    elif isinstance(x, tuple):
        yield b"("
        for item in x:
            yield from _opcodes(item, arrays)
        yield b"t"
    else:
        yield from _tensor_opcodes(x, arrays)


def _tensor_opcodes(x: np.ndarray, arrays: list[np.ndarray]) -> Iterator[bytes]:
    """`torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`."""
    strides = tuple(math.prod(x.shape[axis + 1 :]) for axis in range(x.ndim))
    yield b"ctorch._utils\n_rebuild_tensor_v2\n(("
    yield from _opcodes("storage", arrays)
    yield b"ctorch\nFloatStorage\n"
    for value in (str(len(arrays)), "cpu", x.size):
        yield from _opcodes(value, arrays)
    yield b"tQ"  # the persistent id of a storage
    for place in (0, x.shape, strides):
        yield from _opcodes(place, arrays)
    yield b"\x89ccollections\nOrderedDict\n)RtR"
    arrays.append(x)
