"""The options of a tracker."""

from dataclasses import dataclass

from tracknet_jax.heatmaps.ensemble import Overlap
from tracknet_jax.tracking.placement import Fit
from tracknet_jax.utils.errors import UserError


@dataclass(frozen=True)
class TrackOptions:
    """How to track.

    Attributes:
        overlap: `none`: the network sees each frame in one window; `average`, `weighted`: in every window that holds
            it, and the maps are averaged (`weighted`: the middle of a window counts more). L times the work.
        threshold: probability above which a pixel belongs to a ball.
        link: take the candidate that lies on a trajectory, see `linking.link`; it may be below the threshold, and one
            above it may be rejected. False: take each frame's strongest blob.
        batch_size: windows in one step; None: 1 on a CPU or if live, 16 on an accelerator.
        fit: `auto`: stretch to the network's shape if the source's is within a quarter of it, else letterbox.
        live: give every row as soon as it is known, instead of working ahead.
    """

    overlap: Overlap = "none"
    threshold: float = 0.5
    link: bool = True
    batch_size: int | None = None
    fit: Fit = "auto"
    live: bool = False

    def __post_init__(self) -> None:
        if self.overlap not in ("none", "average", "weighted"):
            raise UserError(f"overlap {self.overlap!r}: choose none, average or weighted")
        if self.fit not in ("auto", "stretch", "letterbox"):
            raise UserError(f"fit {self.fit!r}: choose auto, stretch or letterbox")
        if not 0 < self.threshold < 1:
            raise UserError(f"threshold {self.threshold}: expected a probability between 0 and 1")
        if self.batch_size is not None and self.batch_size < 1:
            raise UserError(f"batch size {self.batch_size}: expected at least 1")
