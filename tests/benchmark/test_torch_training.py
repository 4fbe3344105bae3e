"""The training step against torch's: loss, every gradient, running statistics, AdamW; narrow networks, no dropout."""

from dataclasses import replace

import jax
import numpy as np
import optax
import pytest
from flax.traverse_util import flatten_dict, unflatten_dict

from tests.helpers.members import R_STR
from tracknet_jax.benchmark import run as runner
from tracknet_jax.benchmark.benchmark_config import Benchmark
from tracknet_jax.benchmark.steps import labelled_windows
from tracknet_jax.benchmark.workload import network
from tracknet_jax.models.registry import PRESETS, PROMPT
from tracknet_jax.training.gradients import gradients
from tracknet_jax.training.mesh import on_one_device
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.state import create_state
from tracknet_jax.training.targets import with_targets
from tracknet_jax.training.train_config import OptimizerConfig, TrainConfig

from .conftest import variant

STILL = {"dropout": 0.0, "context_masking": 0.0}
MDD = variant(motion="mdd", fusion="eq4", upsample="bilinear")
V5 = replace(MDD, refinement="rstr", **R_STR, **STILL)
NANO = variant(motion="mdd", skips="add", space_to_depth=2, head_bias=True)
OPTIMIZER = OptimizerConfig(lr=0.01, weight_decay=0.3, clip_norm=0.01)


@pytest.fixture
def trainer(monkeypatch):
    """Makes torch's step and what ours begins with, on two windows, frames of every kind among theirs."""
    pytest.importorskip("torch").set_num_threads(1)  # two wait for each other where the cores are busy
    from tracknet_jax.benchmark.torch_training import Trainer

    def make(config):
        monkeypatch.setitem(PRESETS, "tiny", config)
        variables = network("tiny").variables
        recipe = TrainConfig(model=config, optimizer=OPTIMIZER, batch_size=2, steps=1)
        batch = labelled_windows(config, 2)
        batch["visibility"][0, 2] = 255  # does not count
        batch["visibility"][1, 1], batch["xy"][1, 1] = 0, np.nan  # no ball
        return Trainer(recipe, variables, batch, "cpu", compiles=False), recipe, variables, batch

    return make


def as_flax(tensors):
    """Tensors by path as a tree of arrays, kernels with their features last."""

    def array(path, tensor):
        found = tensor.detach().numpy()
        if path.endswith("kernel"):
            return found.transpose(2, 3, 1, 0) if found.ndim == 4 else found.T
        return found

    return unflatten_dict({path: array(path, x).copy() for path, x in tensors.items()}, sep="/")


def statistics(twin):
    return as_flax({path: x for path, x in twin.weights.items() if path not in twin.parameters})


@pytest.mark.parametrize(
    "config",
    [
        variant(upsample="bilinear"),
        variant(**{**PROMPT, "fusion": "type_b"}),
        MDD,
        V5,
        NANO,
        variant(head="classes", outputs=1, skips="none", block_order="conv_bn_relu"),
    ],
    ids=["v2", "v4", "mdd", "v5", "nano", "v1"],
)
def test_loss_gradients_and_statistics_are_ours(trainer, config):
    twin, recipe, variables, batch = trainer(config)
    loss = twin.backward().item()
    state = create_state(variables, make_optimizer(recipe.optimizer), jax.random.key(0), averaged=False)

    @jax.jit
    @on_one_device
    def ours(state, batch):
        return gradients(state, with_targets(batch, recipe), jax.random.key(0), recipe)

    expected_loss, expected_statistics, expected_grads = jax.device_get(ours(state, batch))
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    grads = flatten_dict(as_flax({path: x.grad for path, x in twin.parameters.items()}), sep="/")
    for path, expected in flatten_dict(expected_grads, sep="/").items():
        size = max(np.abs(expected).max(), 1e-6)
        near = 1e-3 if path.startswith("motion") else 2e-4  # sums over all pixels of all frames
        np.testing.assert_allclose(grads[path] / size, expected / size, atol=near, err_msg=path)

    samples = {
        "down0_0": 2 * 32 * 32 // config.space_to_depth**2,
        "bottleneck_0": 2 * 16 * 16 // config.space_to_depth**2,
    }
    found = statistics(twin)["encoder_decoder"]
    for name, count in samples.items():
        old, new = (
            tree["encoder_decoder"][name]["bn"] for tree in (variables["batch_stats"], expected_statistics)
        )
        np.testing.assert_allclose(found[name]["bn"]["mean"], new["mean"], rtol=1e-4, atol=1e-6)
        of_batch, of_sample = (x["var"] - 0.9 * old["var"] for x in (new, found[name]["bn"]))
        np.testing.assert_allclose(of_sample * (count - 1) / count, of_batch, rtol=1e-4, atol=1e-6)


def test_adamw_is_ours(trainer):
    """From the same gradients, twice, clipped and with a decay that is seen."""
    twin, recipe, variables, _ = trainer(V5)
    optimizer = make_optimizer(recipe.optimizer)
    params = variables["params"]
    state = optimizer.init(params)

    @jax.jit
    def ours(grads, state, params):
        updates, state = optimizer.update(grads, state, params, step=0)
        return optax.apply_updates(params, updates), state

    for _ in range(2):
        twin.backward()
        grads = as_flax({path: x.grad for path, x in twin.parameters.items()})
        norm = twin.update().item()
        assert norm == pytest.approx(float(optax.tree.norm(grads)), rel=1e-5)
        assert norm > 5 * OPTIMIZER.clip_norm
        params, state = ours(grads, state, params)
        found = flatten_dict(as_flax(twin.parameters), sep="/")
        for path, expected in flatten_dict(params, sep="/").items():
            np.testing.assert_allclose(found[path], expected, rtol=1e-5, atol=2e-6, err_msg=path)


def test_dropout_draws_anew_in_training_alone(trainer):
    twin, *_ = trainer(V5)
    same = {twin.backward().item() for _ in range(3)}
    assert len(same) == 1
    for rates in ({"dropout": 0.5}, {"context_masking": 0.5}):
        twin, *_ = trainer(replace(V5, **rates))
        assert len({twin.backward().item() for _ in range(3)}) == 3


def test_training_is_timed_and_compared_beside_torch():
    pytest.importorskip("torch")
    quick = {"models": ("tiny",), "batches": (2,), "blocks": 1, "seconds": 0.0}
    dtypes = ("float32", "bfloat16")
    results = runner.run(Benchmark(tasks=("train",), dtypes=dtypes, against=("torch",), **quick)).results
    ours, theirs, ours_rounded, theirs_rounded = results
    assert ours.max_difference is None
    assert theirs.max_difference < 1e-4
    assert 1e-6 < ours_rounded.max_difference < 0.1
    assert 1e-6 < theirs_rounded.max_difference < 0.1
    assert theirs.ratio == theirs.timing.median / ours.timing.median
    assert theirs.work.frames == ours.work.frames == 2 * 3
