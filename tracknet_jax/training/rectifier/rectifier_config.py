"""The config of a rectifier's training run: TrackNetV3's recipe by default."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tracknet_jax.models.rectifier import INPAINTNET, RectifierConfig
from tracknet_jax.training.train_config import OptimizerConfig, ScheduleConfig
from tracknet_jax.utils.errors import UserError

Mode = Literal["inpaint", "reconstruct", "baseline"]  # see `rectifier_validation`

V3_ADAM = OptimizerConfig(
    name="adam",
    lr=1e-3,
    clip_norm=1.0,
    schedule=ScheduleConfig("step", milestones=(1 / 3, 2 / 3), gamma=0.1),
)


@dataclass(frozen=True)
class TrajectoryConfig:
    """Where the trajectories are, and what of them is hidden from the network."""

    source: str = ""  # a folder of `tracknet data trajectories`
    train_split: str = "train"
    val_split: str = "val"
    mask_ratio: float = 0.3  # of the frames with a visible ball, drawn anew at every step


@dataclass(frozen=True)
class RectifierTrainConfig:
    """One training run of a rectifier."""

    model: RectifierConfig = INPAINTNET
    data: TrajectoryConfig = TrajectoryConfig()
    optimizer: OptimizerConfig = V3_ADAM
    batch_size: int = 32  # windows
    epochs: int = 300
    evaluate_every: int = 5  # epochs; a checkpoint is written then, too
    metric: Mode = "inpaint"  # whose validation accuracy "best" means
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return dataclasses.asdict(self)

    def check(self) -> None:
        """Raises `UserError` for the first thing that cannot work."""
        for name in ("batch_size", "epochs", "evaluate_every"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}: it must be above 0")
        if not 0 < self.data.mask_ratio < 1:
            raise UserError(f"data.mask_ratio is {self.data.mask_ratio}: it must be above 0 and below 1")
        if not self.data.source:
            raise UserError("no data: give a folder of tracknet data trajectories with --data.source DIR")
        if not Path(self.data.source).is_dir():
            raise UserError(f"data.source {self.data.source}: no such folder")
