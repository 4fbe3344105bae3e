"""Parameters and multiply-adds against the published and hand-counted figures."""

import math

import jax
import jax.numpy as jnp
import pytest

from tracknet_jax.models.cost import cost, multiply_adds
from tracknet_jax.models.rectifier import RECTIFIERS
from tracknet_jax.models.registry import preset
from tracknet_jax.models.tracknet import init_variables


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("tracknet_v1", 10_708_032),
        ("tracknet_v1_keras", 10_711_200),
        ("tracknet_v2", 11_330_304),
        ("tracknet_v2_official", 11_334_147),
        ("tracknet_v2_keras", 11_334_531),
        ("tracknet_v2_wasb", 11_334_147),
        ("tracknet_v3", 11_341_000),
        ("tracknet_v3_plain", 11_339_272),
        ("tracknet_v3_subtract", 11_330_056),
        ("tracknet_v3_subtract_concat", 11_343_880),
        ("tracknet_v4", 11_330_306),
        ("tracknet_v4_official", 11_334_149),
        ("tracknet_v4_keras", 11_334_533),
        ("tracknet_v2_mdd", 11_332_610),
        ("tracknet_v2_rstr", 14_769_152),
        ("tracknet_v5", 14_771_458),
        ("tracknet_v5_joint", 14_771_458),
        ("tracknet_v5_divided", 15_826_178),
        # The reference holds 15,132,437: six 7x7 convolutions of spatial attention among them are never called
        ("attention_unet", 15_132_437 - 6 * (7 * 7 * 2 + 1)),
    ],
)
def test_trainable_parameters(name: str, parameters: int):
    assert cost(preset(name)).parameters == parameters


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("tracknet_v1_keras", 10_722_560),
        ("tracknet_v2_official", 11_341_827),
        ("tracknet_v2_keras", 11_342_595),
        ("tracknet_v4_official", 11_341_829),
        ("tracknet_v4_keras", 11_342_597),
    ],
)
def test_parameters_as_keras_counts_them(name: str, parameters: int):
    """Keras adds the running statistics of batch norm."""
    variables = jax.eval_shape(lambda key: init_variables(preset(name), key), jax.random.key(0))
    assert sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(variables)) == parameters


@pytest.mark.parametrize(
    ("name", "gmacs"),
    [
        ("tracknet_v1", 183.80),
        ("tracknet_v2", 112.227),
        ("tracknet_v3", 113.80),
        ("tracknet_v3_plain", 113.55),
        ("tracknet_v3_subtract", 112.19),
        ("tracknet_v3_subtract_concat", 114.23),
        ("tracknet_v5_joint", 124.344),  # QK^T and AV of 1,728 tokens counted
        ("tracknet_v5_divided", 122.09),
        ("tracknet_v5", 119.25),
        ("attention_unet", 200.80),
    ],
)
def test_multiply_adds(name: str, gmacs: float):
    assert cost(preset(name)).macs / 1e9 == pytest.approx(gmacs, abs=5e-3)


def test_first_convolution_by_hand():
    """MDD adds four channels to V2's first convolution and nothing else: 9 * 4 * 64 products a pixel."""
    extra = cost(preset("tracknet_v2_mdd")).macs - cost(preset("tracknet_v2")).macs
    assert extra == 9 * 4 * 64 * 288 * 512


def test_a_scan_counts_as_often_as_it_runs():
    """Seven products of 2x3 by 3x3, in a function in a loop, and one before it."""

    def program(x: jax.Array, y: jax.Array) -> jax.Array:
        return jax.lax.scan(lambda x, _: (jax.jit(jnp.matmul)(x, y), None), x @ y, length=7)[0]

    traced = jax.make_jaxpr(program)(jnp.ones((2, 3)), jnp.ones((3, 3)))
    assert multiply_adds(traced.jaxpr) == (7 + 1) * 2 * 3 * 3


def test_the_rectifier():
    parameters, macs = cost(RECTIFIERS["inpaintnet"])
    assert parameters == 520_610
    assert macs == pytest.approx(8.3e6, rel=5e-3)  # of 16 frames


def test_nano_is_small():
    parameters, macs = cost(preset("tracknet_nano"))
    assert 100_000 <= parameters <= 600_000
    full = preset("tracknet_v2")
    assert macs / preset("tracknet_nano").frames < 0.02 * cost(full).macs / full.frames
