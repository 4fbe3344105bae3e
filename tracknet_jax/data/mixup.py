"""V3's mixup: windows mixed with other windows, frames with the frames before them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MixupConfig:
    """Shares are drawn from Beta(alpha, alpha); an alpha of 0 leaves that mixup out (TrackNetV3)."""

    sample: float = 0.0  # alpha of windows with other windows of the batch; V3 trains with 0.5
    frame: float = 0.0  # alpha of frames with the frames before them; the reference has it switched off
