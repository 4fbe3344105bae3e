"""The safetensors format: the length of a JSON header, the header, then the tensors' bytes."""

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

import ml_dtypes  # noqa: F401 -- makes bfloat16 known to NumPy
import numpy as np

from tracknet_jax.convert.checkpoint import Checkpoint

DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "bfloat16",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}


def read_safetensors(path: Path) -> Checkpoint:
    """Tensors, and the notes in `__metadata__`."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    notes = header.pop("__metadata__", {})
    data = memoryview(content)[8 + length :]
    return Checkpoint.of({name: _tensor(about, data) for name, about in header.items()}, notes)


def _tensor(about: dict, data: memoryview) -> np.ndarray:
    begin, end = about["data_offsets"]
    if not 0 <= begin <= end <= len(data):
        raise ValueError("a tensor reaches outside the file")
    return np.frombuffer(data[begin:end], DTYPES[about["dtype"]]).reshape(about["shape"])


def write_safetensors(path: Path, tensors: Mapping[str, np.ndarray], notes: Mapping[str, object]) -> None:
    """Writes float32 tensors, with `notes` as text beside them."""
    header: dict[str, object] = {"__metadata__": {name: str(note) for name, note in notes.items()}}
    begin = 0
    for name, x in tensors.items():
        end = begin + 4 * math.prod(x.shape)
        header[name] = {"dtype": "F32", "shape": list(x.shape), "data_offsets": [begin, end]}
        begin = end
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for x in tensors.values():
            file.write(np.ascontiguousarray(x, "<f4").tobytes())
