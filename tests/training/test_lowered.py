"""What the programs for accelerators are made of: lowered for CUDA and TPU on any machine, nothing is compiled."""

import re
from dataclasses import replace
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers.programs import HOST, custom_calls, products
from tests.helpers.tiny_training import tiny_config
from tracknet_jax.data.augment.mixup import MixupConfig
from tracknet_jax.models.refinement import attention_scores
from tracknet_jax.models.registry import preset
from tracknet_jax.models.tracknet import TrackNet, init_variables
from tracknet_jax.tracking.detector import detect_disjoint
from tracknet_jax.training.cluster.mesh import on_one_device
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.state import create_state
from tracknet_jax.training.step import train_step

NETWORKS = ("tracknet_nano", "tracknet_v2", "tracknet_v4", "tracknet_v5", "tracknet_v5_divided")
PLATFORMS = ("cuda", "tpu")


def network(name):
    """In bfloat16; of each kind of layer a few narrow ones."""
    small = {"widths": (4, 8), "depths": (1, 1), "embed_dim": 8, "layers": 2, "mlp_dim": 8}
    return replace(preset(name), dtype="bfloat16", height=32, width=64, **small)


def windows(config, count):
    shape = (count, config.frames, config.height, config.width, 3)
    return jax.ShapeDtypeStruct(shape, jnp.uint8)


@cache
def training(name):
    """The training step, for all platforms at once."""
    config = tiny_config(model=network(name), batch_size=2)
    config = replace(config, data=replace(config.data, mixup=MixupConfig(sample=0.5)))
    optimizer = make_optimizer(config.optimizer)

    def first_state():
        return create_state(init_variables(config.model, key), optimizer, key, averaged=True)

    key = jax.random.key(0)
    frames = windows(config.model, 2)
    labels = {"xy": ((2, config.model.frames, 2), jnp.float32), "visibility": (frames.shape[:2], jnp.uint8)}
    batch = {"frames": frames} | {name: jax.ShapeDtypeStruct(*label) for name, label in labels.items()}
    step = on_one_device(partial(train_step, config=config, optimizer=optimizer))
    step = jax.jit(step, donate_argnums=0)
    return step.trace(jax.eval_shape(first_state), batch).lower(lowering_platforms=PLATFORMS).as_text()


@cache
def tracking(name):
    """Windows to candidates, as the tracker runs it."""
    config = network(name)
    variables = jax.eval_shape(lambda: init_variables(config, jax.random.key(0)))
    inside = jax.ShapeDtypeStruct((2, config.height, config.width), bool)
    threshold = jax.ShapeDtypeStruct((), jnp.float32)
    traced = detect_disjoint.trace(
        TrackNet(config), variables, windows(config, 2), threshold, inside, several=True
    )
    return traced.lower(lowering_platforms=PLATFORMS)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_multiplies_bfloat16(name):
    """Convolutions, dense layers and attention, forward and backward; not where float32 is asked for."""
    found = products(training(name))
    assert (
        len([x for x in found if x.op == "convolution"]) >= 3 * 3
    )  # a level has two layers and two gradients
    assert [x for x in found if set(x.operands) != {"bf16"} and not x.exact] == []


@pytest.mark.parametrize("name", NETWORKS)
def test_tracking_multiplies_bfloat16(name):
    found = products(tracking(name).as_text())
    assert [x for x in found if set(x.operands) != {"bf16"} and not x.exact] == []
    assert any(x.op == "convolution" for x in found)


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_waits_for_the_host(name):
    for text in (training(name), tracking(name).as_text()):
        assert not HOST.search(text)
        assert custom_calls(text) == set()


def test_float32_is_seen():
    """The same look at a network in float32 finds its products."""
    config = replace(network("tracknet_v2"), dtype="float32")
    variables = jax.eval_shape(lambda: init_variables(config, jax.random.key(0)))
    lowered = jax.jit(TrackNet(config).apply).lower(variables, windows(config, 1))
    assert {x.operands for x in products(lowered.as_text())} == {("f32", "f32")}


def test_uint8_enters_and_candidates_leave():
    """What comes back of a window are a few numbers for each of its frames."""
    lowered = tracking("tracknet_v5")
    (signature,) = re.findall(r"func public @main\((.*)\) ->", lowered.as_text())
    of_frames = set(re.findall(r"tensor<(2x[\dx]*32x64\w*)>", signature))
    assert of_frames == {"2x3x32x64x3xui8", "2x32x64xi1"}  # windows, and where a ball can be
    assert {x.shape for x in jax.tree.leaves(lowered.out_info)} == {(2, 3, 4, 2), (2, 3, 4)}


def test_frames_become_the_networks_input_in_one_go():
    """Compiled for this CPU: neither frames in float32 nor luminance differences are arrays of their own."""
    config = replace(network("tracknet_v5"), dtype="float32", refinement="none")
    variables = jax.eval_shape(lambda: init_variables(config, jax.random.key(0)))
    text = jax.jit(TrackNet(config).apply).lower(variables, windows(config, 2)).compile().as_text()
    arrays = set(
        re.findall(r"^ +(?:ROOT )?%\S+ = (\w+\[[\d,]*\])", text[text.index("ENTRY") :], re.MULTILINE)
    )
    assert "u8[2,3,32,64,3]" in arrays
    assert "f32[2,32,64,13]" in arrays  # what the first convolution takes
    assert not arrays & {"f32[2,3,32,64,3]", "f32[2,2,32,64]", "f32[2,1,32,64]"}


def test_the_gradient_of_attention_scores():
    """Against automatic differentiation of the product."""
    query, key, weight = (jax.random.normal(jax.random.key(i), (2, 5, 2, 4)) for i in range(3))

    def loss(scores, query, key):
        return (scores(query, key) ** 2 * jnp.einsum("bqhd,bkhd->bhqk", weight, weight)).sum()

    for argument in (1, 2):
        found, expected = (
            jax.grad(loss, argument)(scores, query, key)
            for scores in (attention_scores, partial(jnp.einsum, "bqhd,bkhd->bhqk"))
        )
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
