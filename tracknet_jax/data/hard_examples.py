"""Hard examples: clips that the last evaluation got wrong are drawn more often."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tracknet_jax.utils.errors import UserError


def clip_factors(path: str | Path, clips: Sequence[tuple[str, str]], share: float) -> np.ndarray:
    """By how much more often each of `clips` is drawn (C,) than without: 1 - share + share * error / mean error.

    `path` is what `tracknet evaluate --split train --json` wrote, `clips` are names and sports; error is the part of
    a clip's frames that it counts as wrong. Clips that are not in it, or without a frame that counts, have the mean
    error; where that is 0, all are drawn alike. Raises `UserError` when it cannot be read, an accuracy in it is none,
    or it scores none of the clips.
    """
    errors = _errors(path)
    known = [errors[clip] for clip in clips if clip in errors]
    if not known:
        raise UserError(f"data.hard-examples {path}: it scores none of the training clips; score those")
    mean = float(np.mean(known))
    if mean == 0:
        return np.ones(len(clips))
    return 1.0 - share + share * np.array([errors.get(clip, mean) / mean for clip in clips])


def _errors(path: str | Path) -> dict[tuple[str, str], float]:
    """The error of every clip, by name and sport, that has frames which count."""
    try:
        scores = json.loads(Path(path).read_text(encoding="utf-8"))["clips"]
        scored = {
            (name, counts["sport"]): 1.0 - counts["accuracy"]
            for name, counts in scores.items()
            if counts["frames"] > 0
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"data.hard-examples {path}: not the JSON of `tracknet evaluate --split train --json`"
        ) from error
    for (name, _), wrong in scored.items():
        if not 0 <= wrong <= 1:
            raise UserError(
                f"data.hard-examples {path}: clip {name} has the accuracy {1.0 - wrong:g}, it must lie between 0 "
                "and 1; score the clips again"
            )
    return scored
