"""The split of a training run: what it held out is what its network is scored on."""

import json
from pathlib import Path

from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.splits import split_rule
from tracknet_jax.data.tfds.frame_source import find_dataset
from tracknet_jax.utils.errors import UserError

CONFIG = "train_config.json"


def run_split_by(checkpoint: str | Path, data: Path, format: str = "auto") -> str | None:
    """The rule by which a run has split, or would split, the clips of `data`, for `assign_splits`.

    Args:
        checkpoint: a training directory, its `checkpoints` folder or one checkpoint; None is the answer for a release.
        data: a folder of clips; None is the answer for a built dataset, which has its splits already.
        format: layout of the folder.

    Raises:
        UserError: the run's config cannot be read, or there are no clips.
    """
    folder = Path(checkpoint).absolute()
    file = next((f for f in (place / CONFIG for place in _run_folders(folder)) if f.is_file()), None)
    if file is None or find_dataset(data) is not None:
        return None
    try:
        config = json.loads(file.read_text())["data"]
        by, held_out = config.get("split_by"), config["val_split"]  # a rectifier's run has no split_by
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file}: cannot be read ({error}); give --split-by") from error
    return split_rule(find_clips(data, format), by, held_out) if by == "auto" else by


def _run_folders(checkpoint: Path) -> list[Path]:
    """Where the run of a checkpoint may be: there, or above `checkpoints` or `checkpoints/<step>`."""
    above = checkpoint.parent if checkpoint.name.isdigit() else checkpoint
    return [checkpoint, *([above.parent] if above.name == "checkpoints" else [])]
