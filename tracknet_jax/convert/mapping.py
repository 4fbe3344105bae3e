"""Tensors of a reference network as variables of ours, and back: names, and how the axes are rearranged."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

Array = np.ndarray


@dataclass(frozen=True)
class Rearrangement:
    """The reference's tensor as our array, and the inverse."""

    ours: Callable[[Array], Array]
    theirs: Callable[[Array], Array]


SAME = Rearrangement(lambda x: x, lambda x: x)
DENSE = Rearrangement(lambda x: x.T, lambda x: x.T)  # (out, in) <-> (in, out)
CONV1D = Rearrangement(lambda x: x.transpose(2, 1, 0), lambda x: x.transpose(2, 1, 0))  # OIK <-> KIO
CONV2D = Rearrangement(lambda x: x.transpose(2, 3, 1, 0), lambda x: x.transpose(3, 2, 0, 1))  # OIHW <-> HWIO

# V1 sees the newest frame first, each as BGR; ours the oldest first, as RGB: all input channels reversed.
CONV2D_V1 = Rearrangement(
    lambda x: x.transpose(2, 3, 1, 0)[:, :, ::-1], lambda x: x[:, :, ::-1].transpose(3, 2, 0, 1)
)
# The official V1 also sees 0..255. Multiplying and dividing by 255 rounds: this pair alone is not exact.
KERAS_V1 = Rearrangement(
    lambda x: x[:, :, ::-1] * x.dtype.type(255), lambda x: x[:, :, ::-1] / x.dtype.type(255)
)

# R-STR's patch convolution (D, 1, p, p) and its decoding 1x1 convolution (p p, D, 1, 1) are dense layers here.
PATCHES = Rearrangement(
    lambda x: x.reshape(len(x), -1).T,
    lambda x: x.T.reshape(x.shape[1], 1, math.isqrt(len(x)), math.isqrt(len(x))),
)
PIXELS = Rearrangement(lambda x: x[:, :, 0, 0].T, lambda x: x.T[:, :, None, None])
SPATIAL = Rearrangement(lambda x: x[:, None], lambda x: x[:, 0])  # (1, N, D) <-> (1, 1, N, D)
TEMPORAL = Rearrangement(lambda x: x[:, :, None], lambda x: x[:, :, 0])  # (1, L, D) <-> (1, L, 1, D)


@dataclass(frozen=True)
class Row:
    """A line of a layout's table: the reference's name, the path of our variable, and the rearrangement."""

    theirs: str
    ours: str
    how: Rearrangement = SAME


def to_variables(table: Iterable[Row], tensors: Mapping[str, Array]) -> dict[str, Any]:
    """The reference's tensors as `{"params", ...}` of our network, float32."""
    flat = {row.ours: np.asarray(row.how.ours(tensors[row.theirs]), np.float32, order="C") for row in table}
    return unflatten_dict(flat, sep="/")


def to_tensors(table: Iterable[Row], variables: Mapping[str, Any]) -> dict[str, Array]:
    """Our variables as the reference's tensors, in the reference's order: the inverse of `to_variables`."""
    flat = flatten_dict(variables, sep="/")
    return {row.theirs: np.asarray(row.how.theirs(np.asarray(flat[row.ours])), order="C") for row in table}


def tensor_shapes(table: Iterable[Row], abstract: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shapes of the reference's tensors, given those of our variables."""
    flat = flatten_dict(abstract, sep="/")
    empty = {row.ours: np.broadcast_to(np.float32(0), flat[row.ours].shape) for row in table}
    return {row.theirs: row.how.theirs(empty[row.ours]).shape for row in table}
