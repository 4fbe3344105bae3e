"""Narrow members of the family with random weights, and what they say."""

from dataclasses import replace
from typing import Any

import jax
import numpy as np

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.registry import PRESETS, preset
from tracknet_jax.models.tracknet import TrackNet
from tracknet_jax.releases.release import Release, abstract_variables

R_STR = {"patch": 8, "embed_dim": 8, "layers": 2, "heads": 2, "mlp_dim": 8}


def narrow(name: str) -> TrackNetConfig:
    """The preset with two levels and a small input."""
    return replace(preset(name), height=32, width=48, widths=(4, 6), depths=(1, 2), **R_STR)


def _members() -> list[TrackNetConfig]:
    """One preset of each structure, and what no preset has together."""
    distinct: dict[TrackNetConfig, TrackNetConfig] = {}
    for name in PRESETS:
        config = narrow(name)
        start = {"kernel_init": "torch", "head_bias_init": None, "bn_decay": 0.9, "motion_alpha": 0.2}
        distinct.setdefault(replace(config, name="", paper="", **start), config)
    wide_norm = replace(narrow("tracknet_v3"), name="width_norm_before_relu", bn_axis="width")
    stem = replace(narrow("tracknet_nano"), name="stem_of_five_bilinear", stem=5, upsample="bilinear")
    return [*distinct.values(), wide_norm, stem]


MEMBERS = _members()


def random_release(config: TrackNetConfig) -> Release:
    """Kernels that keep the size of what goes through; scalars, biases, norms and their statistics around 1."""
    generator = np.random.default_rng(0)

    def draw(leaf: jax.ShapeDtypeStruct) -> np.ndarray:
        noise = generator.standard_normal(leaf.shape)
        if leaf.ndim < 2:
            return np.float32(1 + 0.1 * noise)
        return np.float32(noise * np.sqrt(2 / np.prod(leaf.shape[:-1])))

    return Release(TrackNet(config), jax.tree.map(draw, abstract_variables(config)), config)


def windows(config: TrackNetConfig, batch: int) -> list[np.ndarray]:
    """Noise as frames, and as a background where the config wants one."""
    generator = np.random.default_rng(1)
    image = (config.height, config.width, 3)
    shapes = [(batch, config.frames, *image)] + [(batch, *image)] * (config.background != "none")
    return [generator.integers(0, 256, shape, np.uint8) for shape in shapes]


def expected_maps(
    release: Release, inputs: list[np.ndarray], variables: dict[str, Any] | None = None
) -> np.ndarray:
    """The network's logits through a sigmoid, or of classes the mean level, over 255."""
    output: Any = jax.jit(release.model.apply)(variables or release.variables, *inputs)
    logits = np.asarray(output.logits, np.float64)
    if release.config.head == "sigmoid":
        return 1 / (1 + np.exp(-logits))
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return (shares @ np.arange(256))[:, None] / 255
