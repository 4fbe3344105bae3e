"""Keras files: `.h5` of all versions, and `.keras` archives.

Keras numbers layers through a whole session, and its formats name them differently. Here a layer gets the name that
it has in a fresh session: `conv2d`, `conv2d_1`, ..., `batch_normalization`, ..., `motion_prompt_layer`. Its weights
say its kind, and the model's order its number.
"""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tracknet_jax.convert.foreign_checkpoint import Checkpoint
from tracknet_jax.utils.errors import UserError

# The family's layers with weights, and their weights in Keras' order.
LAYERS = {
    "conv2d": ("kernel", "bias"),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "motion_prompt_layer": ("a", "b"),
}

FUSIONS = {"FusionLayerTypeA": "eq4", "FusionLayerTypeB": "type_b"}  # the official V4's layers


def read_h5(path: Path) -> Checkpoint:
    """An HDF5 file: weights or a whole model of Keras 1 and 2, or `.weights.h5` of Keras 3.

    Raises:
        UserError: h5py is not installed, or a layer is of another kind than the family's.
    """
    return _read(path, path)


def read_keras(path: Path) -> Checkpoint:
    """A `.keras` archive; raises `UserError` as `read_h5` does."""
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").decode()
        weights = io.BytesIO(archive.read("model.weights.h5"))
    return _read(weights, path, config)


def _read(file: Any, path: Path, config: str = "") -> Checkpoint:
    try:
        import h5py
    except ModuleNotFoundError as missing:
        raise UserError(f"{path}: Keras files need h5py: pip install 'tracknet-jax[convert]'") from missing
    with h5py.File(file) as root:
        config = config or str(root.attrs.get("model_config", ""))
        root = root.get("model_weights", root)
        layers = _listed_layers(root) if "layer_names" in root.attrs else _numbered_layers(root)
        return keras_checkpoint(layers, config, path)


def _listed_layers(root: Any) -> list[tuple[str, dict[str, np.ndarray]]]:
    """The layers of the older format: attributes list layers and weights in the model's order."""
    found = []
    for name in map(_text, root.attrs["layer_names"]):
        paths = [_text(path) for path in root[name].attrs["weight_names"]]
        weights = {path.rpartition("/")[2].partition(":")[0]: root[name][path][()] for path in paths}
        found.append((name, weights))
    return found


def _numbered_layers(root: Any) -> list[tuple[str, dict[str, np.ndarray]]]:
    """The layers of Keras 3's format, `.../<layer>/vars/<n>`: weights have numbers instead of names."""
    groups: dict[str, list[np.ndarray]] = {}

    def visit(path: str, item: Any) -> None:
        layer, _, last = path.rpartition("/vars")
        if last == "" and not path.startswith(("optimizer", "metrics")) and len(item):
            groups[layer.rpartition("/")[2]] = [item[n][()] for n in sorted(item, key=int)]

    root.visititems(visit)
    by_number = sorted(groups, key=lambda name: int((re.findall(r"_(\d+)$", name) or [0])[0]))
    return [(name, _with_names(name, groups[name])) for name in by_number]


def _with_names(layer: str, weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    kind = next((kind for kind in LAYERS if layer.startswith(kind)), None)
    if kind is None or len(weights) > len(LAYERS[kind]):
        raise ValueError(f"layer {layer} is none of {', '.join(LAYERS)}")
    return dict(zip(LAYERS[kind], weights, strict=False))


def keras_checkpoint(
    layers: Iterable[tuple[str, Mapping[str, np.ndarray]]], config: str, path: Path
) -> Checkpoint:
    """Renames layers, given in the model's order, and notes the fusion that the model's `config` names.

    Raises:
        UserError: a layer with weights is of another kind than the family's.
    """
    tensors: dict[str, np.ndarray] = {}
    seen: Counter[str] = Counter()
    for layer, weights in layers:
        if not weights:
            continue
        kind = next((kind for kind, names in LAYERS.items() if set(weights) <= set(names)), None)
        if kind is None:
            raise UserError(f"{path}: layer {layer} ({', '.join(weights)}) is in no network of the family")
        number = f"_{seen[kind]}" if seen[kind] else ""
        seen[kind] += 1
        tensors |= {f"{kind}{number}/{name}": value for name, value in weights.items()}
    fusion = next((fusion for layer, fusion in FUSIONS.items() if layer in config), None)
    return Checkpoint.of(tensors, {"fusion": fusion} if fusion else {})


def _text(x: Any) -> str:
    return x.decode() if isinstance(x, bytes) else str(x)
