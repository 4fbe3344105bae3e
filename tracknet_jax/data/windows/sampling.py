"""Which windows the steps of a run draw, and the batches of them: on the devices, or on the host."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tracknet_jax.data.clips import UNLABELLED
from tracknet_jax.data.published_splits import random_windows
from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.data.windows.frame_windows import window_starts
from tracknet_jax.data.windows.resident import ResidentFrames
from tracknet_jax.utils.arrays import digest
from tracknet_jax.utils.errors import UserError

Take = Callable[[jax.Array, jax.Array, int], jax.Array]  # (frames, starts, length) -> (B, length, H, W, 3)
Table = dict[str, np.ndarray]


def sampling_table(
    index: FrameIndex,
    length: int,
    stride: int = 1,
    sport_weights: dict[str, float] | None = None,
    random_split: bool = False,
) -> Table:
    """The windows that steps draw, in groups: a group is drawn by its share, a window of it like any other.

    `starts (S,)` int32: the first frames of all windows of `length` frames, `stride` apart, that cross no clip and
    bridge no gap, one group after the other. `group_sizes (G,)` int32: how many of them belong to each group.
    `group_bounds (G,)` float32: the cumulative shares, ending with 1.

    Each sport is a group with the share that `sport_weights` gives it. Where no sport of the index has a weight, all
    windows are one group. `random_split`: only the training part of `random_windows`.

    Raises:
        UserError: there is no window, some sports have a weight and others none, a weight is negative or not finite,
            or all are 0.
    """
    starts = _random_part(index, length) if random_split else window_starts(index, length, stride)
    if not len(starts):
        raise UserError(f"no clip of the training split has {length} frames in a row")
    sports, sport_of_clip = np.unique(index.sports, return_inverse=True)
    found, groups = np.unique(sport_of_clip[index.clip[starts]], return_inverse=True)
    weights = _group_weights(sports[found].tolist(), sport_weights or {})
    if weights is None:
        groups, weights = np.zeros_like(groups), np.ones(1)
    bounds = np.cumsum(weights)
    return {
        "starts": starts[np.argsort(groups, kind="stable")].astype(np.int32),
        "group_sizes": np.bincount(groups).astype(np.int32),
        "group_bounds": (bounds / bounds[-1]).astype(np.float32),
    }


def _random_part(index: FrameIndex, length: int) -> np.ndarray:
    """The training part of all windows; every frame needs a label, or scoring would count other windows."""
    if (index.visibility == UNLABELLED).any():
        raise UserError("data.split_by triplet_random: a frame has no label; split by match or clip")
    starts = window_starts(index, length, 1)
    return starts[random_windows(len(starts), "train")]


def _group_weights(sports: list[str], sport_weights: dict[str, float]) -> np.ndarray | None:
    """The weight of each of `sports`; None where none of them has one."""
    if not set(sports) & sport_weights.keys():
        return None
    for sport in sports:
        if sport not in sport_weights:
            raise UserError(
                f"data.sport-weights: no weight for {sport!r}, which has training clips; give one"
            )
    weights = np.array([sport_weights[sport] for sport in sports], np.float64)
    if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.any()):
        raise UserError(
            f"data.sport-weights {sport_weights}: they give no distribution over the windows of "
            f"{', '.join(sports)}; weights must be 0 or more, and one of a sport that is there above 0"
        )
    return weights


def data_digest(index: FrameIndex, table: Table) -> str:
    """The digest of what a run's windows follow from: clips, frames, labels and the `sampling_table`.

    Pictures, paths and times do not count: another host may decode a little differently, and keep the data elsewhere.
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


def draw_starts(table: dict[str, Any], keys: jax.Array) -> jax.Array:
    """The first frames (B,) of the windows that keys (B,) draw from a `sampling_table`, or arrays with one; jittable.

    Within a group it draws whole numbers: a float32 draw has 2**23 values, too few for millions of windows.
    """

    def draw(key: jax.Array) -> jax.Array:
        group_key, window_key = jax.random.split(key)
        group = jnp.searchsorted(bounds, jax.random.uniform(group_key), side="right")
        return firsts[group] + jax.random.randint(window_key, (), 0, sizes[group])

    bounds, sizes = jnp.asarray(table["group_bounds"]), jnp.asarray(table["group_sizes"])
    firsts = jnp.cumsum(sizes) - sizes
    return jnp.asarray(table["starts"])[jax.vmap(draw)(keys)]


def window_arrays(resident: ResidentFrames, table: Table) -> dict[str, np.ndarray]:
    """What `draw_windows` draws from: the frames, what is known of them, and their `sampling_table`.

    `frames (N, H, W, 3)`, `xy (N, 2)`, `visibility (N,)`; where there are backgrounds, `backgrounds (C, H, W, 3)`
    and each frame's row of them, `clip (N,)`.
    """
    index = resident.index
    arrays = {"frames": resident.frames, "xy": index.xy, "visibility": index.visibility, **table}
    if resident.backgrounds is not None:
        arrays |= {"backgrounds": resident.backgrounds, "clip": index.clip}
    return arrays


def draw_windows(
    arrays: dict[str, Any], keys: jax.Array, *, length: int, take: Take | None = None
) -> dict[str, jax.Array]:
    """One window a key from `window_arrays`, jittable and stateless.

    A batch of `frames`, `xy` and `visibility`, and of `background` where there are any. `take` reads the frames,
    `take_windows` unless they lie on several devices.
    """
    starts = draw_starts(arrays, keys)
    batch = {name: take_windows(arrays[name], starts, length) for name in ("xy", "visibility")}
    batch["frames"] = (take or take_windows)(arrays["frames"], starts, length)
    if "backgrounds" in arrays:
        batch["background"] = arrays["backgrounds"][arrays["clip"][starts]]
    return batch


def take_windows(rows: jax.Array, starts: jax.Array, length: int) -> jax.Array:
    """The `length` rows from each of `starts (B,)` on: `(B, length, ...)`."""
    return jax.vmap(lambda start: jax.lax.dynamic_slice_in_dim(rows, start, length))(starts)
