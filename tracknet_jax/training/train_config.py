"""What a training run is, as frozen dataclasses: a preset file fills them in, the command line overrides them."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin, get_type_hints

from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.data.augment.mixup import MixupConfig
from tracknet_jax.data.splits import SplitBy
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.registry import preset
from tracknet_jax.utils.errors import UserError


@dataclass(frozen=True)
class ScheduleConfig:
    """The learning rate over the run, as a factor on `OptimizerConfig.lr`."""

    name: Literal["constant", "step", "cosine"] = "constant"
    warmup_steps: int = 0  # linear rise at the start, with any of the three
    milestones: tuple[float, ...] = (2 / 3, 5 / 6)  # step: fractions of the run at which to decay
    gamma: float = 0.1  # step: the factor of one decay
    final: float = 0.0  # cosine: the factor at the end


@dataclass(frozen=True)
class OptimizerConfig:
    """The defaults are V5's AdamW; `optimizers.KERAS_ADADELTA` is that of V1, V2 and V4."""

    name: Literal["adamw", "adam", "adadelta"] = "adamw"
    lr: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    rho: float = 0.95  # adadelta
    eps: float = 1e-8
    weight_decay: float = 0.01  # adamw
    decay_all: bool = False  # decay norms, biases, positions and motion scalars too, as the V5 reference does
    clip_norm: float | None = 1.0  # largest global norm of the gradient
    schedule: ScheduleConfig = ScheduleConfig()


@dataclass(frozen=True)
class TargetConfig:
    """The map to learn: a disc of `radius` map pixels (V2 to V4), a Gaussian of that sigma, or V5's mask.

    A network with class maps (V1) learns its own grey Gaussian, whatever stands here.
    """

    name: Literal["disc", "gaussian", "v5"] = "disc"
    radius: float = 2.5


@dataclass(frozen=True)
class LossConfig:
    """What joins the weighted BCE of maps or, for a network with class maps (V1), their cross-entropy."""

    variation_penalty: float = 0.0  # lambda of V4's penalty on motion maps that change from frame to frame


@dataclass(frozen=True)
class DistillConfig:
    """A network to learn from beside the labels; of frames without a label it is all there is to learn from.

    With it, folders of videos without any CSV file may be among the sources.
    """

    teacher: str | None = None  # a release, or the working directory of a run; None: the labels alone
    weight: float = 0.5  # the teacher's share of the loss of a labelled frame, the labels have the rest
    digest: str | None = None  # the teacher's weights must be these; a run writes here which it began with


@dataclass(frozen=True)
class DataConfig:
    """Where the clips are and how windows are drawn from them."""

    source: tuple[str, ...] = ()  # folders in any known layout, or TFDS directories
    format: str = "auto"
    # "auto": the layout's own validation split, or else "match": one match in ten held out, always the same.
    # "triplet_random" splits windows as V1 and V5 do: it leaks, and leaves no clip for validation
    split_by: Literal["auto", SplitBy, "triplet_random"] = "auto"
    train_split: str = "train"  # "train+val": with what is held out, for the papers' whole training sets
    val_split: str = "val"
    pipeline: Literal["resident", "grain"] = "resident"  # all frames on the device, or streamed from the host
    # GB of each device's memory for resident frames, None: half of what is free. Where a copy does not fit, the
    # devices of a process divide them; where that does not fit either, they are streamed: the same windows always
    device_memory: float | None = None
    cache: str | None = None  # folder for decoded frames, which runs can share; None: in the workdir
    stride: int = 1  # frames between the first frames of two neighbouring training windows
    sport_weights: dict[str, float] = field(
        default_factory=dict
    )  # shares of the draws; {}: by number of windows
    hard_examples: str | None = (
        None  # `tracknet evaluate --split train --json FILE`: clips with errors more often
    )
    hard_share: float = 0.5  # of the draws that go to a sport's clips by their errors
    workers: int = 2  # processes of the grain pipeline, threads that decode clips
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    mixup: MixupConfig = field(default_factory=MixupConfig)


@dataclass(frozen=True)
class EvalConfig:
    """Validation during training, with the averaged weights: every frame once, protocol `default`."""

    every: int = 1000  # steps; 0: never
    batch_size: int = 8
    threshold: float = 0.5
    metric: Literal["f1_hit", "f1"] = "f1_hit"  # what "best" means
    pictures: int = 4  # predictions drawn at every evaluation
    patience: int | None = None  # stop after this many evaluations without a new best


@dataclass(frozen=True)
class CheckpointConfig:
    """When checkpoints are written and which stay: the latest `keep` and the best."""

    every: int = 1000  # steps
    keep: int = 2


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
    accumulation: int = (
        1  # parts of a batch that are computed one after the other, for batches beyond the memory
    )
    # For networks so small that an accelerator waits for the host: as many steps in one program call. They must
    # divide `steps` and all that is done every so many steps. Streamed windows come one batch at a time all the same
    steps_per_dispatch: int = 1
    remat: bool = False  # keep less for the backward pass and compute it again: less memory, more time
    steps: int | None = None
    epochs: float | None = None  # passes over the training windows
    ema_decay: float = 0.999  # of the averaged weights that are evaluated and released; 0: none
    parallel: Literal["jit", "pmap"] = "jit"
    init_from: str | None = None  # weights to start from: a release, or the working directory of another run
    log_every: int = 50  # steps
    max_skipped: int = 10  # the run ends after so many steps in a row without a finite loss and gradient
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """The inverse of `to_dict`; raises `UserError` naming a field that is unknown."""
        return _from_dict(cls, values, "config")


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dicts as one, with dotted names: those of the command line."""
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
