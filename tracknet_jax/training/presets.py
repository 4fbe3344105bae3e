"""Recipes: Python files that give configs of training runs, called NAME, NAME:VARIANT, PATH.py or PATH.py:VARIANT."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tracknet_jax.training.rectifier.rectifier_config import RectifierTrainConfig
from tracknet_jax.training.train_config import TrainConfig
from tracknet_jax.utils.errors import UserError

T = TypeVar("T")
PACKAGE = Path(__file__).resolve().parents[1]


def presets_folder() -> Path:
    """`configs/`: inside the installed package, or at the top of a checkout."""
    bundled = PACKAGE / "_bundled" / "configs"
    return bundled if bundled.is_dir() else PACKAGE.parent / "configs"


def bundled_names() -> list[str]:
    """The names of all recipes that come with the package: "tracknet_v2", "tracknet_v2:tennis", ..."""
    return [
        f"{file.stem}:{variant}" if variant else file.stem
        for file in _bundled_files()
        for variant in _recipes(file)
    ]


def load_config(name: str) -> Any:
    """The config of a recipe: "NAME" or "NAME:VARIANT" of a bundled one, or "PATH.py" or "PATH.py:VARIANT".

    A recipe file has a function `get_config()`, a dict `VARIANTS` of configs by name, or both. Bundled recipes may
    also be written as their runs are named, with "_" for ":".

    Returns:
        A `TrainConfig`, or the `RectifierTrainConfig` of a rectifier.

    Raises:
        UserError: there is no such file or variant, the file fails, or it gives something else.
    """
    file, variant = _find(name)
    recipes = _recipes(file)
    if not recipes:
        raise UserError(f"config {file}: it has no function get_config() and no dict VARIANTS")
    if variant not in recipes:
        wrong = f"no variant {variant!r}" if variant else "add a variant after a colon"
        raise UserError(f"config {name}: {wrong}; known are {', '.join(filter(None, recipes)) or 'none'}")
    config = _guarded(file, recipes[variant])
    if not isinstance(config, TrainConfig | RectifierTrainConfig):
        raise UserError(f"config {name}: it is of type {type(config).__name__}, not a TrainConfig")
    return config


def run_name(name: str) -> str:
    """The folder name of a recipe's runs: "tracknet_v4_tennis" for "tracknet_v4:tennis", "my" for "folder/my.py"."""
    path, variant = _split(name)
    return f"{path.stem}_{variant}" if variant else path.stem


def _split(name: str) -> tuple[Path, str]:
    """The path or name before the colon, and the variant behind it, "" if there is none."""
    if Path(name).is_file():
        return Path(name), ""
    path, _, variant = name.partition(":")
    return Path(path), variant


def _find(name: str) -> tuple[Path, str]:
    """File and variant. Only NAME and configs/NAME.py can mean a bundled file; any other path is that file alone."""
    path, variant = _split(name)
    if path.is_file():
        return path, variant
    if path in (Path(path.stem), Path("configs", f"{path.stem}.py")):
        asked = run_name(name)
        for file in _bundled_files():
            if f"{asked}_".startswith(f"{file.stem}_"):
                return file, asked[len(file.stem) + 1 :]
    raise UserError(
        f"no config {name!r}: no such file; give the path of one, or one of {', '.join(bundled_names())}"
    )


def _bundled_files() -> list[Path]:
    return sorted(path for path in presets_folder().glob("*.py") if path.stem != "__init__")


def _recipes(file: Path) -> dict[str, Callable[[], Any]]:
    """By variant, what gives its config; the plain one of `get_config` is "". Recipes may load one another."""

    def read() -> dict[str, Callable[[], Any]]:
        content = runpy.run_path(str(file))
        plain = {"": content["get_config"]} if "get_config" in content else {}
        variants = content.get("VARIANTS", {})
        return plain | {name: lambda config=config: config for name, config in variants.items()}

    return _guarded(file, read)


def _guarded(file: Path, call: Callable[[], T]) -> T:
    """What `call` returns; `UserError` for whatever goes wrong in the file."""
    try:
        return call()
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"config {file}: {type(error).__name__}: {error}") from error
