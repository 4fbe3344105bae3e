"""The checkpoints of a training run, read as a network that is ready to use.

`<workdir>/checkpoints/<step>/` is an Orbax checkpoint whose item `state` is the train state. Its metadata is plain
JSON: `config` and `progress` of the run, and `digests` of the state's parts.
"""

from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
from orbax.checkpoint import v1 as ocp

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.tracknet import Variables
from tracknet_jax.utils.arrays import digest, not_finite
from tracknet_jax.utils.errors import UserError, first_line

FOLDER = "checkpoints"
ITEM = "state"


def restore_for_inference(
    directory: str | Path, which: Literal["best", "latest"] = "best"
) -> tuple[TrackNetConfig, Variables]:
    """The network's config and weights from a training directory, its `checkpoints` folder or one checkpoint.

    The weights are the averaged ones where the run has them, as NumPy arrays. "best" is the best step by the run's
    validation metric, or the latest step before the first validation. Raises `UserError` if there is no checkpoint,
    if it cannot be read, or if its weights are damaged.
    """
    path = find_checkpoint(Path(directory), which)
    try:
        saved = ocp.checkpointables_metadata(path)
        config = TrackNetConfig.from_dict(saved.custom_metadata["config"]["model"])
        state = saved.metadata[ITEM]
        names = ("params", "batch_stats") if state["ema"] is None else ("ema",)
        like = {name: jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), state[name]) for name in names}
        context = ocp.Context()
        context.pytree_options.loading.partial_load = True
        with context:
            tree = ocp.load_checkpointables(path, {ITEM: like})[ITEM]
        check_restored(tree, saved.custom_metadata)
    except UserError:
        raise
    except Exception as error:  # whatever a damaged file makes the libraries raise
        raise UserError(
            f"checkpoint {path} cannot be read ({first_line(error)}); give another one"
        ) from error
    return config, tree.get("ema", tree)


def find_checkpoint(directory: Path, which: Literal["best", "latest"] = "best") -> Path:
    """The folder of one checkpoint in or at `directory`; raises `UserError` if there is none."""
    if _is_checkpoint(directory):
        return directory.absolute()
    root = directory / FOLDER if (directory / FOLDER).is_dir() else directory
    steps = sorted(int(p.name) for p in root.glob("*") if p.name.isdigit() and _is_checkpoint(p))
    if not steps:
        raise UserError(
            f"{directory}: no checkpoint here; give a training directory or one of its checkpoints"
        )
    chosen = steps[-1]
    if which == "best":
        best = run_metadata(root / str(chosen)).get("progress", {}).get("best_step")
        chosen = best if best in steps else chosen
    return (root / str(chosen)).absolute()


def run_metadata(path: Path) -> dict[str, Any]:
    """What the run noted in its checkpoint at `path`: `config`, `progress`; empty if that cannot be read."""
    return dict(ocp.checkpointables_metadata(path.absolute()).custom_metadata)


def _is_checkpoint(path: Path) -> bool:
    return (
        path / ITEM
    ).is_dir()  # Orbax' own test takes any folder for a checkpoint; it renames those that are whole


def check_restored(tree: dict[str, Any], run: dict[str, Any]) -> None:
    """Raises `ValueError` if parts of a train state are not finite, or not what the checkpoint's metadata `run` says.

    Checkpoints of version 0.4.0 and before have no digests.
    """
    broken = not_finite(tree)
    if broken:
        raise ValueError(f"{broken} is not finite")
    for name, saved in run.get("digests", {}).items():
        if name in tree and digest(tree[name]) != saved:
            raise ValueError(f"{name} is not as it was saved")
