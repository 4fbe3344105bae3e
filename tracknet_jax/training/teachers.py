"""The teacher that a config names: read from a release or a run, and checked against its student."""

from dataclasses import replace

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.releases.release import load_release
from tracknet_jax.training.distillation import Teacher
from tracknet_jax.training.train_config import TrainConfig
from tracknet_jax.utils.arrays import digest
from tracknet_jax.utils.errors import UserError


def load_teacher(config: TrainConfig) -> Teacher | None:
    """The teacher of `config`, which computes in the student's dtype; None if there is none.

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
