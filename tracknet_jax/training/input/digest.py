"""Digests of arrays: whether weights or data are those that a run had before."""

import hashlib
from typing import Any

import jax
import numpy as np

from tracknet_jax.data.tfds.index import FrameIndex


def digest(tree: Any) -> str:
    """16 hexadecimal digits that tell the arrays of `tree` and their names from others."""
    sha = hashlib.sha256()
    for path, x in jax.tree_util.tree_leaves_with_path(tree):
        sha.update(jax.tree_util.keystr(path).encode())
        sha.update(np.ascontiguousarray(x).tobytes())
    return sha.hexdigest()[:16]


def data_digest(index: FrameIndex, table: dict[str, np.ndarray]) -> str:
    """The digest of what a run's windows follow from: clips, frames, labels and the `draw_table`.

    Not of pictures, paths and times: another host may decode a little differently, and keep the data elsewhere.
    """
    return digest(
        {
            "clips": np.array(index.clip_names),
            "sports": np.array(index.sports),
            "clip": index.clip,
            "frame": index.frame,
            "xy": np.nan_to_num(index.xy, nan=-1.0),  # of NaN there are several
            "visibility": index.visibility,
            **table,
        }
    )
