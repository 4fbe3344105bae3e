"""The teacher of a heatmap distillation, and its maps of a student's windows."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from tracknet_jax.data.augment import Batch
from tracknet_jax.heatmaps.decoding import probability_maps
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.tracknet import TrackNet, Variables


@struct.dataclass
class Teacher:
    """A network to learn from. As a pytree it is its weights, which a step takes beside the state."""

    variables: Variables
    model: TrackNetConfig = struct.field(pytree_node=False)
    digest: str = struct.field(pytree_node=False)  # of its weights


def teacher_maps(teacher: Teacher, batch: Batch, outputs: int) -> jax.Array:
    """The teacher's probability maps `(B, outputs, H, W)` of the last frames of the batch's windows.

    The teacher sees shorter windows inside of these; a frame in two of them gets the mean of both maps.
    """
    frames, model = batch["frames"], teacher.model
    length = frames.shape[1]
    ends = window_ends(length, outputs, model)
    windows = jnp.stack([frames[:, end - model.frames : end] for end in ends], axis=1)
    inputs = [windows.reshape(-1, *windows.shape[2:])]
    if model.background != "none":
        inputs.append(jnp.repeat(batch["background"], len(ends), axis=0))
    logits = TrackNet(model).apply(teacher.variables, *inputs).logits  # type: ignore[union-attr]
    maps = probability_maps(logits, model.head)
    maps = maps.reshape(-1, len(ends), *maps.shape[1:])

    total, count = jnp.zeros(frames.shape[:4]), np.zeros((length, 1, 1))
    for i, end in enumerate(ends):
        seen = slice(end - model.outputs, end)
        total = total.at[:, seen].add(maps[:, i])
        count[seen] += 1
    return total[:, -outputs:] / count[-outputs:]


def window_ends(length: int, outputs: int, teacher: TrackNetConfig) -> list[int]:
    """Ends of the fewest windows of `teacher`, in windows of `length` frames, with maps of the last `outputs`."""
    ends, first = [], length  # frames from `first` on have a map
    while first > length - outputs:
        ends.append(max(first, teacher.frames))
        first = ends[-1] - teacher.outputs
    return ends
