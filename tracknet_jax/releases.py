"""Releases: a network ready to use as one folder, weights, config and model card, no optimizer."""

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from tracknet_jax.errors import UserError
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.tracknet import TrackNet, init_variables

CONFIG, CARD, VARIABLES = "config.json", "CARD.md", "variables"


class Release(NamedTuple):
    """A network with its weights: `model.apply(variables, frames)`.

    `variables` is `{"params", "batch_stats"}` as float32 NumPy arrays.
    """

    model: TrackNet
    variables: dict[str, Any]
    config: TrackNetConfig


def shipped_releases() -> dict[str, Path]:
    """The releases that come with the package, by name."""
    root = Path(str(files("tracknet_jax"))) / "weights"
    return {path.parent.name: path.parent for path in sorted(root.glob(f"*/{CONFIG}"))}


def load_release(name_or_dir: str | Path) -> Release:
    """Loads a shipped release by name, a release folder, or a training directory (its best checkpoint).

    Raises `UserError` when there is none, it cannot be read, or the weights do not fit the config.
    """
    shipped = shipped_releases()
    folder = shipped.get(str(name_or_dir), Path(name_or_dir))
    if not folder.is_dir():
        names = ", ".join(shipped) or "none in this installation"
        raise UserError(f"checkpoint {str(name_or_dir)!r}: no such folder and no shipped release ({names})")
    if (folder / CONFIG).is_file():
        config, variables = _read_release(folder)
    else:
        # Imported here: a release needs nothing of the training code.
        from tracknet_jax.training.checkpoints import restore_for_inference

        config, variables = restore_for_inference(folder)
    check_variables(config, variables, str(folder))
    return Release(TrackNet(config), variables, config)


def save_release(
    folder: Path | str, config: TrackNetConfig, variables: dict[str, Any], card: str = ""
) -> None:
    """Writes a release beside `folder` and renames it into place; an existing release there is replaced."""
    from orbax.checkpoint import v1 as ocp  # seconds to import

    folder = Path(folder).absolute()
    check_variables(config, variables, str(folder))
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        ocp.save(partial / VARIABLES, jax.tree.map(np.asarray, dict(variables)))
        # Orbax notes there the absolute path it wrote to, which is nobody's business in a release.
        (partial / VARIABLES / "commit_success.txt").unlink(missing_ok=True)
        (partial / CONFIG).write_text(json.dumps(config.to_dict(), indent=1) + "\n")
        (partial / CARD).write_text(card)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _read_release(folder: Path) -> tuple[TrackNetConfig, dict[str, Any]]:
    from orbax.checkpoint import v1 as ocp

    try:
        config = TrackNetConfig.from_dict(json.loads((folder / CONFIG).read_text()))
    except (OSError, ValueError, TypeError, UserError) as error:
        raise UserError(f"{folder / CONFIG}: not the config of a release ({error})") from error
    try:
        like = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), abstract_variables(config))
        return config, ocp.load((folder / VARIABLES).absolute(), like)
    except Exception as error:  # whatever a damaged folder makes Orbax raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(
            f"{folder}: the weights cannot be read, or are not {config.name}'s ({reason[:200]})"
        ) from error


def abstract_variables(config: TrackNetConfig) -> dict[str, Any]:
    """Shapes and dtypes of the variables of `config`, without computing any."""
    return jax.eval_shape(lambda key: init_variables(config, key), jax.random.key(0))


def check_variables(config: TrackNetConfig, variables: dict[str, Any], where: str) -> None:
    """Raises `UserError` naming the first array that is missing, too much, or of another shape than `config` wants."""
    wanted, found = (
        {jax.tree_util.keystr(path, simple=True, separator="/"): np.shape(leaf) for path, leaf in leaves}
        for leaves in (
            jax.tree_util.tree_leaves_with_path(abstract_variables(config)),
            jax.tree_util.tree_leaves_with_path(dict(variables)),
        )
    )
    for name in sorted(wanted.keys() ^ found.keys()):
        what = "is missing" if name in wanted else "does not belong to it"
        raise UserError(f"{where}: weights of {config.name}: {name} {what}")
    for name, shape in wanted.items():
        if found[name] != shape:
            raise UserError(f"{where}: weights of {config.name}: {name} is {found[name]}, expected {shape}")
