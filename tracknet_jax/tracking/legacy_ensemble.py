"""TrackNetV3's temporal ensemble as its code has it, for comparison; the tracker's own is the right one."""

import numpy as np

from tracknet_jax.tracking.windows import Overlap, ensemble_weights


def legacy_ensemble(windows: np.ndarray, overlap: Overlap) -> np.ndarray:
    """Maps (F, ...) of F = S + L - 1 frames from the maps (S, L, ...) of all S windows of L frames, on the host.

    Frames that all L windows hold get the weighted mean. In the first frames the windows count alike. So they do
    in the last, where the code divides by L minus the number of windows that it takes to be missing: with fewer
    than 2 L - 2 frames more are, and the maps come out too dark.
    """
    count, length = windows.shape[:2]
    weights = ensemble_weights(overlap, length)
    frames = []
    for t in range(count + length - 1):
        holding = np.arange(max(0, t - length + 1), min(count - 1, t) + 1)
        seen = windows[holding, t - holding]
        if t >= count:
            frames.append(seen.sum(axis=0) / (length - (t - count + 1)))
        elif t < length - 1:
            frames.append(seen.mean(axis=0))
        else:
            frames.append(np.average(seen, axis=0, weights=weights[t - holding]))
    return np.stack(frames)
