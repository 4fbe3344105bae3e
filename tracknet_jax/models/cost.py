"""What a network costs: trainable parameters, and true multiply-adds, attention included."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
from flax import linen as nn
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.rectifier import InpaintNet, RectifierConfig
from tracknet_jax.models.tracknet import TrackNet


class Cost(NamedTuple):
    """Of one network.

    Attributes:
        parameters: trainable ones; the running statistics of batch norm are not among them.
        macs: multiply-adds of one window, in convolutions and matrix products. Elementwise work, normalisation and
            resizing are not among them.
    """

    parameters: int
    macs: int


def cost(config: TrackNetConfig | RectifierConfig) -> Cost:
    """Counted from the program itself: nothing that a profiler's list of layers would miss is left out.

    One abstract trace of `init`, which runs the forward pass too: no device computes anything.
    """
    model, inputs = _abstract_call(config)
    key = jax.eval_shape(jax.random.key, 0)
    traced, variables = jax.make_jaxpr(model.init, return_shape=True)(key, *inputs)
    parameters = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(variables["params"]))
    return Cost(parameters, multiply_adds(traced.jaxpr))


def _abstract_call(config: TrackNetConfig | RectifierConfig) -> tuple[nn.Module, list[jax.ShapeDtypeStruct]]:
    """The module of `config`, and shapes and dtypes of one window."""
    if isinstance(config, RectifierConfig):
        positions = jax.ShapeDtypeStruct((1, config.length, 2), "float32")
        mask = jax.ShapeDtypeStruct((1, config.length, 1), "float32")
        return InpaintNet(config), [positions, mask]
    frames = jax.ShapeDtypeStruct((1, config.frames, config.height, config.width, 3), "uint8")
    background = jax.ShapeDtypeStruct((1, config.height, config.width, 3), "uint8")
    return TrackNet(config), [frames, background]


def multiply_adds(program: Jaxpr) -> int:
    """Of a program with all that it calls; the body of a `scan` counts as often as it runs.

    Nothing says how often a `while` runs, nor which branch a `cond` takes: the body counts once, and every branch. No
    network has either.
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
    """Multiply-adds of a convolution or a matrix product; of anything else 0."""
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
