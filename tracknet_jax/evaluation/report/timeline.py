"""The frames of a scored clip as runs of the same outcome; a long clip fits into few columns."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.scoring.metrics import FN, FP1, FP2, IGNORED, TN, TP

SEVERITY = (IGNORED, TN, TP, FP2, FP1, FN)  # of a frame that counts several times, the last of these is shown


class Run(NamedTuple):
    """Frames `first` to `last` of a clip, all with the same outcome."""

    first: int
    last: int
    code: int


def timeline(score: ClipScore, columns: int | None = None) -> list[Run]:
    """The runs of a clip in order; frames that were not scored are in none.

    Args:
        score: the clip.
        columns: at most so many runs. Equal numbers of neighbouring frames are put together and get the worst outcome
            among them.
    """
    if not score.frame.size:
        return []
    first, last = int(score.frame.min()), int(score.frame.max())
    step = 1 if columns is None else -(-(last + 1 - first) // columns)  # frames of a column
    column, where = np.unique((score.frame - first) // step, return_inverse=True)
    rank = np.zeros(len(column), int)
    np.maximum.at(rank, where, [SEVERITY.index(code) for code in score.codes.tolist()])
    begins = (np.diff(column, prepend=-2) != 1) | (np.diff(rank, prepend=-1) != 0)
    bounds = np.append(np.flatnonzero(begins), len(column)).tolist()
    edge = first + step * column  # the first frame of each column
    return [
        Run(int(edge[start]), min(int(edge[end - 1]) + step - 1, last), SEVERITY[rank[start]])
        for start, end in pairwise(bounds)
    ]
