"""What the commands share: the form of an option, options that do not go together, the split to score."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tyro

from tracknet_jax.utils.errors import UserError


def option(metavar: str | None = None) -> Any:
    """A command-line option. Its help text explains the default, so tyro does not add it."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")


def refuse_options(options: Any, names: Iterable[str], reason: str) -> None:
    """Raises `UserError` with the reason if one of these fields of `options` (a dataclass) has not its default."""
    for name in names:
        if getattr(options, name) != getattr(type(options), name):  # a dataclass keeps its defaults there
            raise UserError(f"{reason}: leave --{name.replace('_', '-')} out")


def split_by_or_runs(asked: str | None, checkpoint: str, data: Path, format: str) -> str | None:
    """The split that `--split-by` asks for, else that of the training run `checkpoint`, which is printed.

    Raises:
        UserError: the run's config cannot be read, or `data` has no clips.
    """
    from tracknet_jax.evaluation.footage import run_split_by

    if asked is not None:
        return asked
    by = run_split_by(checkpoint, data, format)
    if by is not None:
        print(f"Split by {by}, as {checkpoint} was trained; --split-by chooses another way.")
    return by
