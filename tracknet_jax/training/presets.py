"""Preset files: Python modules with `get_config()`, by path or by the name of a bundled one."""

import runpy
from pathlib import Path
from typing import Any

from tracknet_jax.rectification.rectifier_config import RectifierTrainConfig
from tracknet_jax.training.train_config import TrainConfig
from tracknet_jax.utils.errors import UserError

PACKAGE = Path(__file__).resolve().parents[1]


def presets_folder() -> Path:
    """`configs/`: inside the installed package, or at the top of a checkout."""
    bundled = PACKAGE / "_bundled" / "configs"
    return bundled if bundled.is_dir() else PACKAGE.parent / "configs"


def bundled_names() -> list[str]:
    """Names of the presets that come with the package."""
    return sorted(path.stem for path in presets_folder().glob("*.py") if path.stem != "__init__")


def _find(name_or_path: str) -> Path:
    """The preset file. Only `NAME` and `configs/NAME.py` can mean a bundled one: any other path is that file alone."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    bundled = presets_folder() / f"{path.stem}.py"
    if path in (Path(path.stem), Path("configs", bundled.name)) and bundled.is_file():
        return bundled
    raise UserError(
        f"no config {name_or_path!r}: no such file; give the path of one, or one of {', '.join(bundled_names())}"
    )


def load_config(name_or_path: str) -> Any:
    """The config of a preset file, given by its path or as the name of a bundled one.

    A `TrainConfig`, or the `RectifierTrainConfig` of a rectifier. Raises `UserError` if there is no such file or it
    gives neither.
    """
    path = _find(name_or_path)
    try:
        get_config = runpy.run_path(str(path)).get("get_config")
        config = get_config() if callable(get_config) else None
    except UserError:
        raise
    except Exception as error:  # whatever the file does wrong
        raise UserError(f"config {path}: {type(error).__name__}: {error}") from error
    if not callable(get_config):
        raise UserError(f"config {path}: it has no function get_config()")
    if not isinstance(config, TrainConfig | RectifierTrainConfig):
        raise UserError(f"config {path}: get_config() gave {type(config).__name__}, not a TrainConfig")
    return config
