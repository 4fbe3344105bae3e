"""The temporal ensemble's weights (TrackNetV3): how much each output of a window counts in a frame's mean map."""

from typing import Literal

import numpy as np

Overlap = Literal["none", "average", "weighted"]


def ensemble_weights(overlap: Overlap, outputs: int) -> np.ndarray:
    """Weights (outputs,) float32 of a window's outputs: triangular for `weighted`, otherwise all 1."""
    position = np.arange(outputs)
    weights = np.minimum(position + 1, outputs - position) if overlap == "weighted" else np.ones(outputs)
    return weights.astype(np.float32)
