"""The config of a training run as frozen dataclasses. A recipe fills it in, the command line overrides fields."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin, get_type_hints

from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.data.augment.mixup import MixupConfig
from tracknet_jax.data.splits import SplitBy
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.registry import preset
from tracknet_jax.utils.errors import UserError

# Fields that are gone since 0.4.0, with the values that had no effect: configs of that version have them.
RETIRED = (("config.data.hard_examples", None), ("config.data.hard_share", 0.5))


@dataclass(frozen=True)
class ScheduleConfig:
    """The learning rate over the run, as a factor on `OptimizerConfig.lr`."""

    name: Literal["constant", "step", "cosine"] = "constant"
    warmup_steps: int = 0  # steps of a linear rise at the start, with any schedule
    milestones: tuple[float, ...] = (2 / 3, 5 / 6)  # step: when the rate falls, as fractions of the run
    gamma: float = 0.1  # step: the factor at each milestone
    final: float = 0.0  # cosine: the factor at the end


@dataclass(frozen=True)
class OptimizerConfig:
    """The optimizer. The defaults are V5's AdamW; `optimizers.KERAS_ADADELTA` is that of V1, V2 and V4."""

    name: Literal["adamw", "adam", "adadelta"] = "adamw"
    lr: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    rho: float = 0.95  # adadelta
    eps: float = 1e-8
    weight_decay: float = 0.01  # adamw
    decay_all: bool = False  # also decay norms, biases, positions and motion scalars, as V5's code does
    clip_norm: float | None = 1.0  # largest global norm of the gradient; None: no limit
    schedule: ScheduleConfig = ScheduleConfig()


@dataclass(frozen=True)
class TargetConfig:
    """The map to learn: a disc of `radius` map pixels (V2 to V4), a Gaussian with that sigma, or V5's mask.

    A network with class maps (V1) always learns V1's grey Gaussian.
    """

    name: Literal["disc", "gaussian", "v5"] = "disc"
    radius: float = 2.5


@dataclass(frozen=True)
class LossConfig:
    """Terms beside the weighted BCE, or beside the cross-entropy of a network with class maps (V1)."""

    variation_penalty: float = 0.0  # lambda of V4's penalty on motion maps that change from frame to frame


@dataclass(frozen=True)
class DistillConfig:
    """A teacher network. Labelled frames learn from it and the labels, unlabelled frames from it alone.

    With a teacher, the sources may include folders of videos without any CSV file.
    """

    teacher: str | None = None  # a release, or the working directory of a run; None: the labels alone
    weight: float = 0.5  # the teacher's share of a labelled frame's loss; the labels have the rest
    digest: str | None = None  # of the teacher's weights; written by the run, checked when it resumes


@dataclass(frozen=True)
class DataConfig:
    """Where the clips are and how windows are drawn from them."""

    source: tuple[str, ...] = ()  # folders of clips in any known layout, or built datasets
    format: str = "auto"  # layout of the folders
    # "auto": the layout's own validation split; without one "match", which holds out the same one match in ten.
    # "triplet_random" splits windows as V1 and V5 do: it leaks, and leaves no clip for validation
    split_by: Literal["auto", SplitBy, "triplet_random"] = "auto"
    train_split: str = "train"  # "train+val" also trains on the validation clips, as most papers do
    val_split: str = "val"
    pipeline: Literal["resident", "grain"] = "resident"  # all frames on the device, or streamed from the host
    # GB of each device's memory for resident frames; None: half of what is free. Where the frames do not fit, the
    # devices of a process share them; where that is not enough, they are streamed. The windows are always the same
    device_memory: float | None = None
    cache: str | None = None  # folder for decoded frames, which runs can share; None: in the workdir
    stride: int = 1  # frames from the start of one training window to the start of the next
    sport_weights: dict[str, float] = field(
        default_factory=dict
    )  # shares of the draws; {}: by number of windows
    workers: int = 2  # processes of the grain pipeline, threads that decode clips
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    mixup: MixupConfig = field(default_factory=MixupConfig)


@dataclass(frozen=True)
class EvalConfig:
    """Validation during training: the averaged weights, every frame once, protocol `default`."""

    every: int = 1000  # steps; 0: never
    batch_size: int = 8
    threshold: float = 0.5
    metric: Literal["f1_hit", "f1"] = "f1_hit"  # the best checkpoint has the highest
    pictures: int = 4  # predictions drawn at every evaluation
    patience: int | None = None  # the run ends after this many evaluations without a new best; None: never


@dataclass(frozen=True)
class CheckpointConfig:
    """When checkpoints are written, and how many are kept."""

    every: int = 1000  # steps
    keep: int = 2  # the latest ones; the best is kept beside them


@dataclass(frozen=True)
class TrainConfig:
    """One training run. Exactly one of `steps` and `epochs` is set."""

    model: TrackNetConfig = field(default_factory=lambda: preset("tracknet_v2"))
    data: DataConfig = DataConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    target: TargetConfig = TargetConfig()
    loss: LossConfig = LossConfig()
    distill: DistillConfig = DistillConfig()
    evaluation: EvalConfig = EvalConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()
    batch_size: int = 8  # windows in one step, over all devices
    accumulation: int = 1  # a batch is computed in this many parts, one after the other, to save memory
    # Steps in one call of the program, for networks so small that the accelerator waits for the host. `steps` and
    # every interval in steps must be a multiple of it. Streamed windows still come one batch at a time
    steps_per_dispatch: int = 1
    remat: bool = False  # computes activations again in the backward pass: less memory, more time
    steps: int | None = None  # length of the run
    epochs: float | None = None  # length of the run in passes over the training windows
    ema_decay: float = 0.999  # of the averaged weights, which are evaluated and released; 0: no average
    parallel: Literal["jit", "pmap"] = "jit"  # how devices share a step: jit over a mesh, or pmap
    init_from: str | None = None  # weights to start from: a release, or the working directory of another run
    log_every: int = 50  # steps
    max_skipped: int = 10  # the run ends after this many steps in a row without a finite loss and gradient
    seed: int = 0  # of weights, windows, augmentation and dropout

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """The inverse of `to_dict`, of version 0.4.0 too; raises `UserError` naming a field that is unknown."""
        return _from_dict(cls, values, "config")


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dicts as one dict with dotted names, which are those of the command line."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and name != "sport_weights":
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _from_dict(cls: type, values: Any, where: str) -> Any:
    if not isinstance(values, dict):
        raise UserError(f"{where}: expected named fields, found {values!r}")
    hints = get_type_hints(cls)
    values = {name: value for name, value in values.items() if (f"{where}.{name}", value) not in RETIRED}
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise UserError(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(hints)}")
    return cls(**{name: _value(hints[name], value, f"{where}.{name}") for name, value in values.items()})


def _value(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _from_dict(hint, value, where)  # type: ignore[arg-type]
    if get_origin(hint) is Literal and value not in get_args(hint):
        raise UserError(f"{where}: {value!r} is not one of {', '.join(map(str, get_args(hint)))}")
    return tuple(value) if isinstance(value, list) else value
