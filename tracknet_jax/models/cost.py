"""What a network costs: trainable parameters, and true multiply-adds, attention included."""

import math
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.tracknet import TrackNet, init_variables


def count_parameters(config: TrackNetConfig) -> int:
    """Trainable parameters; the running statistics of batch norm are not among them."""
    variables = jax.eval_shape(lambda key: init_variables(config, key), jax.random.key(0))
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(variables["params"]))


def count_macs(config: TrackNetConfig) -> int:
    """Multiply-adds of one window: all convolutions and matrix products of the traced forward pass.

    Counted from the program itself, so nothing a profiler's layer list would miss (attention's products) is
    left out. Elementwise work, normalisation and resizing are not multiply-adds of this count.
    """
    shape = (1, config.frames, config.height, config.width, 3)
    frames = jax.ShapeDtypeStruct(shape, "uint8")
    background = jax.ShapeDtypeStruct((shape[0], *shape[2:]), "uint8")
    variables = jax.eval_shape(lambda key: init_variables(config, key), jax.random.key(0))
    traced = jax.make_jaxpr(TrackNet(config).apply)(variables, frames, background)
    return _macs(traced.jaxpr)


def _macs(jaxpr: Jaxpr) -> int:
    total = 0
    for equation in jaxpr.eqns:
        inner = (
            part for value in equation.params.values() for part in jax.tree.leaves(value, is_leaf=_is_jaxpr)
        )
        total += sum(_macs(getattr(part, "jaxpr", part)) for part in inner if _is_jaxpr(part))
        if equation.primitive.name in ("conv_general_dilated", "dot_general"):
            left, right = (_shape(operand) for operand in equation.invars)
            result = math.prod(_shape(equation.outvars[0]))
            if equation.primitive.name == "conv_general_dilated":
                features = equation.params["dimension_numbers"].rhs_spec[0]
                total += result * math.prod(right) // right[features]
            else:
                (contracted, _), _ = equation.params["dimension_numbers"]
                total += result * math.prod(left[axis] for axis in contracted)
    return total


def _is_jaxpr(value: object) -> bool:
    return isinstance(value, (Jaxpr, ClosedJaxpr))


def _shape(variable: Any) -> tuple[int, ...]:
    return variable.aval.shape
