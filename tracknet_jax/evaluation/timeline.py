"""The frames of a scored clip as runs of the same outcome."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.metrics import FN, FP1, FP2, IGNORED, TN, TP

SEVERITY = (IGNORED, TN, TP, FP2, FP1, FN)  # of a frame that counts several times, the last of these is shown


class Run(NamedTuple):
    """Frames `first` to `last` of a clip, all with the same outcome."""

    first: int
    last: int
    code: int


def timeline(score: ClipScore) -> list[Run]:
    """The runs of a clip in order; frames that were not scored are in none."""
    frame, where = np.unique(score.frame, return_inverse=True)
    rank = np.zeros(len(frame), int)
    np.maximum.at(rank, where, [SEVERITY.index(code) for code in score.codes.tolist()])
    begins = (np.diff(frame, prepend=-2) != 1) | (np.diff(rank, prepend=-1) != 0)
    bounds = np.append(np.flatnonzero(begins), len(frame))
    return [
        Run(int(frame[start]), int(frame[end - 1]), SEVERITY[rank[start]]) for start, end in pairwise(bounds)
    ]
