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

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.rectifier import RectifierConfig

GOLDEN = Path(__file__).parent / "golden"


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


def to_flax(config: TrackNetConfig, weights: dict[str, np.ndarray]) -> dict[str, Any]:
    """Reference weights, listed in the order of use, as `{"params", "batch_stats"}` of `config`."""
    params: dict[str, Any] = {}
    stats: dict[str, Any] = {}
    scalars = [value for value in weights.values() if value.ndim == 0]
    if scalars:
        params["motion"] = dict(zip(("alpha", "beta"), scalars, strict=True))
    if config.refinement == "rstr":
        head = {name: value for name, value in weights.items() if name.startswith("head.")}
        weights = {name: value for name, value in weights.items() if name not in head}
        draft = next(name for name, value in head.items() if value.shape[:1] == (config.outputs,))
        weights[draft] = head.pop(draft)
        params["refinement"] = _refinement(head)

    queue = [value for value in weights.values() if value.ndim > 0]
    is_torch = any(name.endswith(".weight") for name in weights)
    trunk_params, trunk_stats = {}, {}
    for name in block_names(config):
        conv = {"kernel": _kernel(queue.pop(0), is_torch)}
        if config.conv_bias:
            conv["bias"] = queue.pop(0)
        scale, shift, mean, var = (queue.pop(0) for _ in range(4))
        trunk_params[name] = {"conv": {"conv": conv}, "bn": {"scale": scale, "bias": shift}}
        trunk_stats[name] = {"bn": {"mean": mean, "var": var}}
    if config.head == "classes":
        params["head"], stats["head"] = trunk_params.pop("head"), trunk_stats.pop("head")
    else:
        head_conv = {"kernel": _kernel(queue.pop(0), is_torch)}
        if config.head_bias:
            head_conv["bias"] = queue.pop(0)
        params["head"] = {"conv": head_conv}
    assert not queue
    return {
        "params": {**params, "encoder_decoder": trunk_params},
        "batch_stats": {**stats, "encoder_decoder": trunk_stats},
    }


def rectifier_to_flax(config: RectifierConfig, weights: dict[str, np.ndarray]) -> dict[str, Any]:
    """Reference weights of the InpaintNet as `{"params"}` of `config`."""
    levels = range(len(config.widths) - 1)
    down, up = ([f"{way}{i}" for i in levels] for way in ("down", "up"))
    names = [*down, "bottleneck_0", "bottleneck_1", *reversed(up), "head"]
    kernels, biases = list(weights.values())[::2], list(weights.values())[1::2]
    return {
        "params": {
            name: {"kernel": kernel.transpose(2, 1, 0), "bias": bias}
            for name, kernel, bias in zip(names, kernels, biases, strict=True)
        }
    }


def attention_unet_to_flax(weights: dict[str, np.ndarray]) -> dict[str, Any]:
    """The weights of alenzenx/TrackNetV3 as `{"params", "batch_stats"}` of the preset `attention_unet`."""
    params: dict[str, Any] = {}
    stats: dict[str, Any] = {}

    def conv(name: str) -> dict[str, np.ndarray]:
        return {"kernel": _kernel(weights[f"{name}.weight"], True), "bias": weights[f"{name}.bias"]}

    def block(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        scale, shift, mean, var = (
            weights[f"{name}.bn.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        norm = {"scale": scale, "bias": shift}
        return {"conv": {"conv": conv(f"{name}.conv")}, "bn": norm}, {"bn": {"mean": mean, "var": var}}

    def attention(name: str) -> dict[str, Any]:
        layers = {"squeeze": 0, "excite": 2}
        return {
            ours: {
                "conv": {"kernel": _kernel(weights[f"{name}.channel_attention.shared_MLP.{i}.weight"], True)}
            }
            for ours, i in layers.items()
        }

    paths = ("path1_0", "path1_1", "path3_0", "path3_1", "path5_0", "path5_1", "join")
    for level in range(3):
        theirs = [f"down_block_{level + 1}.conv_{i + 1}" for i in range(7)]
        params[f"down{level}"], stats[f"down{level}"] = (
            dict(zip(paths, trees, strict=True)) for trees in zip(*map(block, theirs), strict=True)
        )
        for i in range(2):
            name = f"up{level}_{i}"
            params[name], stats[name] = block(f"up_block_{3 - level}.conv_{i + 1}")
        params[f"up_attention{level}"] = attention(f"cbam{3 - level}")
        params[f"skip_attention{level}"] = attention(f"cbam{2 - level}_2")
    for i in range(3):
        params[f"bottleneck_{i}"], stats[f"bottleneck_{i}"] = block(f"bottleneck.conv_{i + 1}")
    return {
        "params": {"encoder_decoder": params, "head": {"conv": conv("predictor")}},
        "batch_stats": {"encoder_decoder": stats},
    }


def block_names(config: TrackNetConfig) -> list[str]:
    """The convolution blocks in the order of use."""
    *levels, bottom = enumerate(config.depths)
    down = [f"down{level}_{i}" for level, depth in levels for i in range(depth)]
    up = [f"up{level}_{i}" for level, depth in reversed(levels) for i in range(depth)]
    head = ["head"] if config.head == "classes" else []
    return down + [f"bottleneck_{i}" for i in range(bottom[1])] + up + head


def _kernel(value: np.ndarray, is_torch: bool) -> np.ndarray:
    return value.transpose(2, 3, 1, 0) if is_torch else value


def _refinement(head: dict[str, np.ndarray]) -> dict[str, Any]:
    def find(part: str) -> np.ndarray:
        (match,) = [value for name, value in head.items() if part in name]
        return match

    def linear(part: str, weight: str = ".weight", bias: str = ".bias") -> dict[str, np.ndarray]:
        matrix = find(f"{part}{weight}")
        return {"kernel": matrix.reshape(matrix.shape[0], -1).T, "bias": find(f"{part}{bias}")}

    def norm(part: str) -> dict[str, np.ndarray]:
        return {"scale": find(f"{part}.weight"), "bias": find(f"{part}.bias")}

    tree: dict[str, Any] = {
        "spatial_position": find("spatial_pos")[None],
        "temporal_position": find("time_embed")[:, :, None],
        "embed": linear("embed_conv"),
        "decode": linear("decoder_head.0"),
    }
    for i in range(4):
        layer = f"layers.{i}."
        tree[f"layer_{i}"] = {
            "joint_attention": {
                "query_key_value": linear(f"{layer}self_attn.in_proj", "_weight", "_bias"),
                "out": linear(f"{layer}self_attn.out_proj"),
            },
            "joint_norm": norm(f"{layer}norm1"),
            "mlp_in": linear(f"{layer}linear1"),
            "mlp_out": linear(f"{layer}linear2"),
            "mlp_norm": norm(f"{layer}norm2"),
        }
    return tree
