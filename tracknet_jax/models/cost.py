"""What a network costs: trainable parameters and multiply-adds, those of attention included."""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import jax
from flax import linen as nn
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.rectifier import InpaintNet, RectifierConfig
from tracknet_jax.models.tracknet import TrackNet


class Cost(NamedTuple):
    """The cost of one network.

    Attributes:
        parameters: number of trainable values, without the running statistics of batch norm.
        macs: multiply-adds of one window in convolutions and matrix products, without elementwise work,
            normalisation and resizing.
    """

    parameters: int
    macs: int


@cache
def cost(config: TrackNetConfig | RectifierConfig) -> Cost:
    """Counts the cost of a network in its traced program, so that no layer can be forgotten.

    The trace is of `init`, which contains the forward pass. It is abstract: no device computes anything.
    """
    model, inputs = _abstract_call(config)
    key = jax.eval_shape(jax.random.key, 0)
    traced, variables = jax.make_jaxpr(model.init, return_shape=True)(key, *inputs)
    parameters = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(variables["params"]))
    return Cost(parameters, multiply_adds(traced.jaxpr))


def _abstract_call(config: TrackNetConfig | RectifierConfig) -> tuple[nn.Module, list[jax.ShapeDtypeStruct]]:
    """The module of `config`, with shapes and dtypes of one window."""
    if isinstance(config, RectifierConfig):
        positions = jax.ShapeDtypeStruct((1, config.length, 2), "float32")
        mask = jax.ShapeDtypeStruct((1, config.length, 1), "float32")
        return InpaintNet(config), [positions, mask]
    frames = jax.ShapeDtypeStruct((1, config.frames, config.height, config.width, 3), "uint8")
    background = jax.ShapeDtypeStruct((1, config.height, config.width, 3), "uint8")
    return TrackNet(config), [frames, background]


def multiply_adds(program: Jaxpr) -> int:
    """Multiply-adds of a program and of all programs that it calls.

    The body of a `scan` counts as often as it runs. The body of a `while` counts once and every branch of a `cond`
    counts, because the program does not say how often they run; no network here has either.
    """
    total = 0
    for equation in program.eqns:
        times = equation.params["length"] if equation.primitive.name == "scan" else 1
        total += _products(equation) + times * sum(map(multiply_adds, _called(equation)))
    return total


def _called(equation: JaxprEqn) -> Iterator[Jaxpr]:
    for part in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_jaxpr):
        if isinstance(part, ClosedJaxpr):
            yield part.jaxpr
        elif isinstance(part, Jaxpr):
            yield part


def _products(equation: JaxprEqn) -> int:
    """Multiply-adds of one equation: 0 unless it is a convolution or a matrix product."""
    if equation.primitive.name not in ("conv_general_dilated", "dot_general"):
        return 0
    left, right = (_shape(operand) for operand in equation.invars)
    result = math.prod(_shape(equation.outvars[0]))
    if equation.primitive.name == "conv_general_dilated":
        features = equation.params["dimension_numbers"].rhs_spec[0]
        return result * math.prod(right) // right[features]
    (contracted, _), _ = equation.params["dimension_numbers"]
    return result * math.prod(left[axis] for axis in contracted)


def _is_jaxpr(value: object) -> bool:
    return isinstance(value, (Jaxpr, ClosedJaxpr))


def _shape(variable: Any) -> tuple[int, ...]:
    return variable.aval.shape
