"""What a compiled program sends between devices, counted from its text."""

import math
import re
from typing import NamedTuple

BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8}
NAMES = ("all-reduce", "reduce-scatter", "all-gather", "all-to-all", "collective-permute")


class Collective(NamedTuple):
    """One collective: what it is, and the bytes of its result on one device (of an all-reduce also its operand's)."""

    op: str
    bytes: int


def collectives(text: str) -> list[Collective]:
    """The collectives of an optimised HLO module, `compiled.as_text()`; asynchronous ones count where they start."""
    found = []
    for line in text.splitlines():
        match = re.search(rf"= (.*?) ({'|'.join(NAMES)})(-start)?\(", line)
        if match is not None:
            found.append(Collective(match[2], _bytes(match[1])))
    return found


def _bytes(types: str) -> int:
    """Bytes of an array's or a tuple's type, as in `(f32[8,4]{1,0}, f32[])`."""
    arrays = re.findall(r"(\w+)\[([\d,]*)\]", types)
    return sum(BYTES[dtype] * math.prod(int(n) for n in dims.split(",") if n) for dtype, dims in arrays)
