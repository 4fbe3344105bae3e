"""TrackNetV3's temporal ensemble as its code has it, for its protocol; the tracker's own is the right one."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from tracknet_jax.heatmaps.ensemble import Overlap, ensemble_weights


def legacy_ensemble(windows: Iterable[np.ndarray], overlap: Overlap) -> Iterator[np.ndarray]:
    """Maps (...) of S + L - 1 frames from the maps (L, ...) of all S windows of L frames, in order, on the host.

    Frames that all L windows hold get the weighted mean. In the first frames the windows count alike. So they do
    in the last, where the code divides by L minus the number of windows that it takes to be missing: with fewer
    than 2 L - 2 frames more are, and the maps come out too dark.
    """
    recent: deque[np.ndarray] = deque()  # at most L windows, the newest first
    length = 0
    for window in windows:
        length = len(window)
        recent.appendleft(window)
        seen = np.stack([earlier[place] for place, earlier in enumerate(recent)])
        whole = len(recent) == length
        yield np.average(seen, axis=0, weights=ensemble_weights(overlap, length) if whole else None)
        if whole:
            recent.pop()
    for behind in range(1, length):  # frames behind the one that the newest window begins with
        seen = np.stack(
            [earlier[behind + place] for place, earlier in enumerate(recent) if behind + place < length]
        )
        yield seen.sum(axis=0) / (length - behind)
