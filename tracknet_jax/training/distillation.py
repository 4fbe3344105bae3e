"""Heatmap distillation: the maps of a teacher are learned beside the labels and, where there are none, alone."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from tracknet_jax.data.augment import Batch
from tracknet_jax.heatmaps.decoding import probability_maps
from tracknet_jax.heatmaps.losses import soft_weighted_bce_map, weighted_bce_map
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.tracknet import TrackNet, Variables
from tracknet_jax.releases.release import load_release
from tracknet_jax.training.train_config import TrainConfig
from tracknet_jax.utils.arrays import digest
from tracknet_jax.utils.errors import UserError


@struct.dataclass
class Teacher:
    """A network to learn from: as a pytree its weights, which a step is given beside the state."""

    variables: Variables
    model: TrackNetConfig = struct.field(pytree_node=False)
    digest: str = struct.field(pytree_node=False)  # of its weights


def distillation_loss(
    logits: jax.Array, targets: jax.Array, mask: jax.Array, teacher: jax.Array, weight: float
) -> jax.Array:
    """The mean over all frames, labelled or not, and their pixels: () float32.

        labelled:  (1 - weight) WBCE(p, y) + weight S(p, t)        not labelled:  S(p, t)

    p are the student's probabilities, y the targets of the labels (WBCE: `losses.weighted_bce`) and t the teacher's
    probabilities (S: `losses.soft_weighted_bce_map`, WBCE for targets between 0 and 1). No temperature: the maps
    keep their meaning, and the student the teacher's threshold. `logits`, `targets`, `teacher`: `(B, L, H, W)`;
    `mask` `(B, L)`: 1 where the label can be used.
    """
    of_labels, of_teacher = (
        summands.mean(axis=(-2, -1))
        for summands in (weighted_bce_map(logits, targets), soft_weighted_bce_map(logits, teacher))
    )
    share = 1.0 - (1.0 - weight) * mask
    return ((1.0 - share) * of_labels + share * of_teacher).mean()


def teacher_maps(teacher: Teacher, batch: Batch, outputs: int) -> jax.Array:
    """The teacher's probability maps `(B, outputs, H, W)` of the last frames of the batch's windows.

    Its own windows lie inside of them; a frame in two of these has the mean of both maps.
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


def load_teacher(config: TrainConfig) -> Teacher | None:
    """The network that `config` wants to learn from; it computes in the student's dtype.

    Raises `UserError` if it cannot be read, is not the one that the run began with, or cannot teach this student.
    """
    if config.distill.teacher is None:
        return None
    release = load_release(config.distill.teacher)
    where = f"distill.teacher {config.distill.teacher}"
    weights = digest(release.variables)
    if config.distill.digest not in (None, weights):
        raise UserError(f"{where}: its weights are {weights}, not distill.digest {config.distill.digest}")
    unfit = _why_unfit(release.config, config)
    if unfit:
        raise UserError(f"{where}: {unfit}; choose another teacher")
    return Teacher(release.variables, replace(release.config, dtype=config.model.dtype), weights)


def _why_unfit(teacher: TrackNetConfig, config: TrainConfig) -> str | None:
    """Why `teacher` cannot teach the student of `config`, in words; None if it can."""
    student = config.model
    if student.head == "classes":
        return f"{student.name} learns classes, a teacher has probabilities"
    if (teacher.height, teacher.width) != (student.height, student.width):
        sizes = [f"{model.width}x{model.height}" for model in (teacher, student)]
        return f"{teacher.name} takes frames of {sizes[0]}, {student.name} of {sizes[1]}"
    if teacher.frames > student.frames:
        return f"{teacher.name} needs {teacher.frames} frames, the windows of {student.name} have {student.frames}"
    if student.frames - student.outputs < teacher.frames - teacher.outputs:
        return f"{teacher.name} has no map of the first of the {student.outputs} frames that {student.name} learns"
    if teacher.background != "none" and student.background == "none":
        return f"{teacher.name} needs a background image, {student.name} is given none"
    height, width = config.data.augment.crop or (student.height, student.width)
    if (height, width) == (student.height, student.width):
        return None
    if teacher.refinement != "none" or teacher.bn_axis == "width":
        return f"{teacher.name} has weights for the places of whole frames, data.augment.crop cuts them"
    if height % teacher.divisor or width % teacher.divisor:
        return (
            f"{teacher.name} needs a data.augment.crop that is divisible by {teacher.divisor} on both sides"
        )
    return None
