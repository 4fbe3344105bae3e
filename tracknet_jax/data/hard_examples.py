"""Hard examples: clips that the last evaluation got wrong are drawn more often."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tracknet_jax.errors import UserError


def clip_factors(path: str | Path, clips: Sequence[str], share: float) -> np.ndarray:
    """By how much more often each of `clips` is drawn (C,) than without: 1 - share + share * error / mean error.

    `path` is what `tracknet evaluate --split train --json` wrote; error is the part of a clip's frames that it counts
    as wrong. Clips that are not in it have the mean error. Raises `UserError` when it cannot be read, or has none of
    the clips.
    """
    try:
        scores = json.loads(Path(path).read_text(encoding="utf-8"))["clips"]
        errors = {name: 1.0 - counts["accuracy"] for name, counts in scores.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"data.hard-examples {path}: not the JSON of `tracknet evaluate --split train --json`"
        ) from error
    known = [errors[name] for name in clips if name in errors]
    if not known:
        raise UserError(f"data.hard-examples {path}: it has none of the training clips; score those")
    mean = max(float(np.mean(known)), 1e-6)
    relative = np.array([errors.get(name, mean) / mean for name in clips])
    return 1.0 - share + share * relative
