"""What is in a compiled or lowered program, read from its text."""

import math
import re
from typing import NamedTuple

# Of a StableHLO program what leaves the device, or waits for the host.
HOST = re.compile(r"infeed|outfeed|stablehlo\.(?:send|recv)|callback|xla_ffi_python|host_compute")


class Product(NamedTuple):
    """A convolution or matrix product of a StableHLO program, with the dtypes of its operands.

    `exact`: float32 is asked for where accelerators would take a shorter one for it.
    """

    op: str
    operands: tuple[str, ...]
    exact: bool


def products(text: str) -> list[Product]:
    """All convolutions and matrix products of a StableHLO program."""
    found = []
    for line in text.splitlines():
        match = re.search(r"stablehlo\.(convolution|dot_general|dot)\b.*: \((.*)\) -> ", line)
        if match is None:
            continue
        dtypes = re.findall(r"tensor<(?:\d+x)*(\w+)>", match[2])
        found.append(Product(match[1], tuple(dtypes), "HIGHEST" in line))
    return found


def custom_calls(text: str) -> set[str]:
    """Targets of the custom calls of a StableHLO program."""
    return set(re.findall(r"stablehlo\.custom_call @([\w$.]+)", text))


BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8}
COLLECTIVES = ("all-reduce", "reduce-scatter", "all-gather", "all-to-all", "collective-permute")


class Collective(NamedTuple):
    """One collective: what it is, and the bytes of its result on one device (of an all-reduce also its operand's)."""

    op: str
    bytes: int


def collectives(text: str) -> list[Collective]:
    """The collectives of an optimised HLO module, `compiled.as_text()`; asynchronous ones count where they start."""
    found = []
    for line in text.splitlines():
        match = re.search(rf"= (.*?) ({'|'.join(COLLECTIVES)})(-start)?\(", line)
        if match is not None:
            found.append(Collective(match[2], _bytes(match[1])))
    return found


def _bytes(types: str) -> int:
    """Bytes of an array's or a tuple's type, as in `(f32[8,4]{1,0}, f32[])`."""
    arrays = re.findall(r"(\w+)\[([\d,]*)\]", types)
    return sum(BYTES[dtype] * math.prod(int(n) for n in dims.split(",") if n) for dtype, dims in arrays)
