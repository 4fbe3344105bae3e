"""Digests of data: whether the data of a run are those that it had before."""

import numpy as np

from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.utils.arrays import digest


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
