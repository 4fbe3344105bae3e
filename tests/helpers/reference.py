"""Weights and inputs of the reference numbers in tests/golden: both follow from a seed and a name.

The stream is Philox4x64-10 keyed with (seed, crc32 of the name); a tensor's values follow from its name, kind,
location and scale; an input clip is a drifting bilinear texture with noise and two moving discs.
"""

import json
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from tracknet_jax.convert.layouts import layouts_of
from tracknet_jax.convert.mapping import to_variables
from tracknet_jax.releases.release import AnyConfig

GOLDEN = Path(__file__).parents[1] / "golden"


def load_golden(name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of one golden file and its description."""
    with np.load(GOLDEN / f"{name}.npz", allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    return arrays, json.loads(str(arrays.pop("meta")))


def words(seed: int, name: str, count: int) -> np.ndarray:
    """The first `count` 64-bit words of the stream called `name`."""
    key = np.array([seed, zlib.crc32(name.encode())], np.uint64)
    return np.random.Philox(key=key).random_raw(count)


def tensor(seed: int, name: str, shape: list[int], kind: str, loc: float, scale: float) -> np.ndarray:
    """One weight or statistic in the reference's own layout."""
    count = math.prod(shape)
    if kind == "const":
        return np.full(shape, loc, np.float32)
    lanes = words(seed, name, count).astype("<u8").view("<u2").reshape(count, 4)
    z = (sum(lanes[:, i].astype(np.int64) for i in range(4)) - 131070) / 37837.0  # ten times as fast as .sum
    values = np.exp(scale * z) if kind == "exp" else loc + scale * z
    return values.astype(np.float32).reshape(shape)


def tensors(meta: dict[str, Any]) -> dict[str, np.ndarray]:
    """All weights of a golden file, in the reference's order."""
    return {name: tensor(meta["seed"], name, *rest) for name, *rest in meta["tensors"]}


def clip(seed: int, tag: str, count: int, height: int, width: int) -> np.ndarray:
    """Input frames `(count, height, width, 3)` uint8."""
    grid_shape = ((height + 2 * count) // 16 + 3, (width + 3 * count) // 16 + 3, 3)
    grid = (words(seed, f"{tag}/grid", math.prod(grid_shape)) % 256).astype(np.int64).reshape(grid_shape)
    noise_words = words(seed, f"{tag}/noise", count * height * width * 3)
    noise = (noise_words % 16).astype(np.int64).reshape(count, height, width, 3) - 8
    ball = (words(seed, f"{tag}/ball", 8)).astype(object)
    y, x = np.mgrid[:height, :width]
    frames = []
    for t in range(count):
        (i, fy), (j, fx) = np.divmod(y + 2 * t, 16), np.divmod(x + 3 * t, 16)
        fy, fx = fy[..., None], fx[..., None]
        top = grid[i, j] * (16 - fx) + grid[i, j + 1] * fx
        bottom = grid[i + 1, j] * (16 - fx) + grid[i + 1, j + 1] * fx
        frame = (top * (16 - fy) + bottom * fy) // 256 + noise[t]
        for k, brightness in ((0, 110), (4, -110)):
            cx = width // 4 + int(ball[k] % (width // 2)) + (int(ball[k + 2] % 13) - 6) * t
            cy = height // 4 + int(ball[k + 1] % (height // 2)) + (int(ball[k + 3] % 13) - 6) * t
            frame[(x - cx) ** 2 + (y - cy) ** 2 <= 20] += brightness
        frames.append(frame.clip(0, 255).astype(np.uint8))
    return np.stack(frames)


def inputs(meta: dict[str, Any], case: str) -> np.ndarray:
    """The input windows `(B, L, H, W, 3)` uint8 of a case, checked against their checksum."""
    about = meta["inputs"][case]
    count = about["C"] // 3
    windows = []
    for tag, checksum in zip(about["tags"], about["crc32"], strict=True):
        frames = clip(meta["seed"], tag, count, about["H"], about["W"])
        planes = np.ascontiguousarray(frames.transpose(0, 3, 1, 2))
        assert zlib.crc32(planes.tobytes()) == checksum
        windows.append(frames)
    return np.stack(windows)


def to_flax(config: AnyConfig, weights: dict[str, np.ndarray]) -> dict[str, Any]:
    """Reference weights as variables of `config`, by the table with which they are imported."""
    return to_variables(layouts_of(config)[0].table(config), weights)


def v1_frames(windows: np.ndarray) -> np.ndarray:
    """Windows as V1's fixture reads their planes, the newest frame first and BGR, in our order."""
    return windows[:, ::-1, :, :, ::-1]
