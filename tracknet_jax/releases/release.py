"""Releases: folders with the weights, config and model card of a network that is ready to use."""

import json
import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.convolution import ConvImpl
from tracknet_jax.models.rectifier import InpaintNet, RectifierConfig, init_rectifier
from tracknet_jax.models.tracknet import TrackNet, Variables, init_variables
from tracknet_jax.utils.arrays import not_finite
from tracknet_jax.utils.errors import UserError, first_line

CONFIG, CARD, VARIABLES = "config.json", "CARD.md", "variables"

AnyConfig = TrackNetConfig | RectifierConfig

# The kinds of releases; only the config.json of a rectifier has the field `kind`.
TRACKER, RECTIFIER = "tracker", "rectifier"


class Release(NamedTuple):
    """A network with its weights: `model.apply(variables, frames)`.

    A loaded one computes its convolutions in the fastest way (`conv_impl` "auto").

    `variables` is `{"params", "batch_stats"}` as float32 NumPy arrays.
    """

    model: TrackNet
    variables: Variables
    config: TrackNetConfig


class RectifierRelease(NamedTuple):
    """A rectifier with its weights: `model.apply(variables, coordinates, mask)`.

    `variables` is `{"params"}` as float32 NumPy arrays.
    """

    model: InpaintNet
    variables: Variables
    config: RectifierConfig


def shipped_releases(kind: str = TRACKER) -> dict[str, Path]:
    """The releases of one kind that come with the package, by name."""
    return {
        name: folder
        for name, folder in _shipped().items()
        if _read_config(folder).get("kind", TRACKER) == kind
    }


def _shipped() -> dict[str, Path]:
    root = Path(str(files("tracknet_jax"))) / "weights"
    return {path.parent.name: path.parent for path in sorted(root.glob(f"*/{CONFIG}"))}


def load_release(name_or_dir: str | Path) -> Release:
    """Loads a shipped release by name, a release folder, or a training directory (its best checkpoint).

    Raises `UserError` as `load_any` does, and for a rectifier.
    """
    release = load_any(name_or_dir)
    if isinstance(release, RectifierRelease):
        raise UserError(
            f"{name_or_dir}: a rectifier, it fills gaps of a track and finds no ball itself; "
            "give it as --rectifier, and a tracker here"
        )
    return release


def load_rectifier(name_or_dir: str | Path) -> RectifierRelease:
    """Loads a shipped rectifier by name, or the folder of a rectifier's release.

    Raises `UserError` as `load_any` does, and for a tracker.
    """
    release = load_any(name_or_dir, RECTIFIER)
    if isinstance(release, Release):
        raise UserError(
            f"{name_or_dir}: a tracker, not a rectifier; give it as --checkpoint, and a rectifier's release here"
        )
    return release


def load_any(name_or_dir: str | Path, kind: str = TRACKER) -> Release | RectifierRelease:
    """Loads a release of whichever kind it is, or a training directory.

    Raises `UserError` when there is none (it then names the shipped ones of `kind`), it cannot be read, or its
    weights do not fit the config or are not finite.
    """
    folder = _find(name_or_dir, kind)
    config: AnyConfig
    if (folder / CONFIG).is_file():
        config, variables = _read_release(folder)
    else:
        from tracknet_jax.releases.runs import restore_for_inference  # seconds to import

        config, variables = restore_for_inference(folder)
    check_variables(config, variables, str(folder))
    if isinstance(config, RectifierConfig):
        return RectifierRelease(InpaintNet(config), variables, config)
    return Release(TrackNet(config, conv_impl="auto"), variables, config)


def in_dtype(release: Release, dtype: Literal["float32", "bfloat16"]) -> Release:
    """The same network with activations of another dtype."""
    config = replace(release.config, dtype=dtype)
    return release._replace(model=release.model.clone(config=config), config=config)


def with_convolutions(release: Release, conv_impl: ConvImpl) -> Release:
    """The same network, its convolutions computed as `conv_impl` says."""
    return release._replace(model=release.model.clone(conv_impl=conv_impl))


def read_card(name_or_dir: str | Path) -> str:
    """The model card of what `load_release` takes; empty where there is none, as in a training directory."""
    card = _find(name_or_dir, TRACKER) / CARD
    return card.read_text(encoding="utf-8") if card.is_file() else ""


def save_release(folder: Path | str, config: AnyConfig, variables: Variables, card: str = "") -> None:
    """Writes a release beside `folder` and renames it into place; an existing release there is replaced."""
    from orbax.checkpoint import v1 as ocp  # seconds to import

    folder = Path(folder).absolute()
    check_variables(config, variables, str(folder))
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        with (
            TemporaryDirectory() as neutral
        ):  # Orbax notes the path it writes to; a release tells none of its maker's
            ocp.save(Path(neutral) / VARIABLES, jax.tree.map(np.asarray, dict(variables)))
            shutil.move(Path(neutral) / VARIABLES, partial)
        kind = {"kind": RECTIFIER} if isinstance(config, RectifierConfig) else {}
        (partial / CONFIG).write_text(json.dumps(kind | config.to_dict(), indent=1) + "\n")
        (partial / CARD).write_text(card)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _find(name_or_dir: str | Path, kind: str) -> Path:
    """The folder of a shipped release, or the folder given; `kind` is what to offer where there is none."""
    folder = _shipped().get(str(name_or_dir), Path(name_or_dir))
    if not folder.is_dir():
        names = ", ".join(shipped_releases(kind)) or "none in this installation"
        what = "checkpoint" if kind == TRACKER else kind
        raise UserError(f"{what} {str(name_or_dir)!r}: no such folder and no shipped release ({names})")
    return folder


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        values = json.loads((folder / CONFIG).read_text())
        if not isinstance(values, dict):
            raise ValueError("expected named fields")
        return values
    except (OSError, ValueError) as error:
        raise UserError(f"{folder / CONFIG}: not the config of a release ({error})") from error


def _read_release(folder: Path) -> tuple[AnyConfig, Variables]:
    from orbax.checkpoint import v1 as ocp

    values = _read_config(folder)
    config_class = RectifierConfig if values.pop("kind", TRACKER) == RECTIFIER else TrackNetConfig
    try:
        config = config_class.from_dict(values)
    except (ValueError, TypeError, UserError) as error:
        raise UserError(f"{folder / CONFIG}: not the config of a release ({error})") from error
    try:
        like = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), abstract_variables(config))
        return config, ocp.load((folder / VARIABLES).absolute(), like)
    except Exception as error:  # whatever a damaged folder makes Orbax raise
        raise UserError(
            f"{folder}: the weights cannot be read, or are not {config.name}'s ({first_line(error)})"
        ) from error


def abstract_variables(config: AnyConfig) -> Variables:
    """Shapes and dtypes of the variables of `config`, without computing any."""
    if isinstance(config, RectifierConfig):
        return jax.eval_shape(lambda key: init_rectifier(config, key), jax.random.key(0))
    return jax.eval_shape(lambda key: init_variables(config, key), jax.random.key(0))


def check_variables(config: AnyConfig, variables: Variables, where: str) -> None:
    """Raises `UserError` naming an array that is missing, too much, of another shape than `config`'s, or not finite."""
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
    broken = not_finite(variables)
    if broken:
        raise UserError(
            f"{where}: weights of {config.name}: {broken} is not finite; take weights that are whole"
        )
