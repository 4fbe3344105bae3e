"""What is in a program lowered for an accelerator, read from its text."""

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
