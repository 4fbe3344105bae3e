"""Checks an exported file: it and the network run on the same windows, and their maps are compared."""

from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jax import export

from tracknet_jax.export.stablehlo import maps_function
from tracknet_jax.export.tflite import run_tflite
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.releases.release import Release, in_dtype

BATCH = 2  # not 1, which an export might fix by mistake


class Agreement(NamedTuple):
    """How well a file agrees with the network in JAX.

    Attributes:
        difference: the largest difference of a probability.
        lowest, highest: the range of JAX's maps.
    """

    difference: float
    lowest: float
    highest: float


def compare_stablehlo(path: Path, release: Release) -> Agreement:
    """Loads the program and runs it on the device at hand."""
    program = export.deserialize(bytearray(path.read_bytes()))
    windows = example_windows(release.config)
    return _agreement(program.call(*windows), maps_function(release)(*windows))


def compare_onnx(path: Path, release: Release) -> Agreement:
    """Runs the model with ONNX Runtime on the CPU, against JAX in float32 at full precision."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    windows = example_windows(release.config)
    names = (node.name for node in session.get_inputs())
    (maps,) = session.run(None, dict(zip(names, windows, strict=True)))
    return _agreement(maps, _exact_maps(release, windows))


def compare_tflite(path: Path, release: Release) -> Agreement:
    """Runs the model with LiteRT on the CPU, against JAX in float32 at full precision."""
    windows = example_windows(release.config, batch=1)
    return _agreement(run_tflite(path.read_bytes(), windows), _exact_maps(release, windows))


def _exact_maps(release: Release, windows: list[np.ndarray]) -> jax.Array:
    with jax.default_matmul_precision("highest"):
        return maps_function(in_dtype(release, "float32"))(*windows)


def _agreement(maps: object, expected: jax.Array) -> Agreement:
    found, wanted = np.asarray(maps), np.asarray(expected)
    if found.shape != wanted.shape:
        return Agreement(np.inf, wanted.min(), wanted.max())
    return Agreement(*map(float, (np.abs(found - wanted).max(), wanted.min(), wanted.max())))


def example_windows(config: TrackNetConfig, batch: int = BATCH) -> list[np.ndarray]:
    """Frames `(batch, L, H, W, 3)` uint8, and their background `(batch, H, W, 3)` where the config wants one.

    A bright ball flies over a coarse texture, with a camera's noise. Without a ball all maps would be near 0, and
    their comparison would show little.
    """
    generator = np.random.default_rng(0)
    h, w = config.height, config.width
    coarse = generator.integers(40, 140, (batch, -(-h // 16), -(-w // 16), 3))
    background = coarse.repeat(16, 1).repeat(16, 2)[:, :h, :w]
    y, x = np.mgrid[:h, :w]
    frames = np.repeat(background[:, None], config.frames, axis=1)
    frames += generator.integers(-4, 5, frames.shape)
    start = generator.uniform(0.2, 0.5, (batch, 2))
    for b, t in np.ndindex(batch, config.frames):
        across, down = start[b] * (w, h) + (0.03 * w * t, 0.02 * h * t)
        frames[b, t, (x - across) ** 2 + (y - down) ** 2 < (0.006 * w + 1) ** 2] = (235, 240, 120)
    windows = [frames.astype(np.uint8), background.astype(np.uint8)]
    return windows if config.background != "none" else windows[:1]
