"""What the options of the commands have in common."""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import tyro

from tracknet_jax.utils.errors import UserError


def option(metavar: str | None = None) -> Any:
    """A command-line option whose help text says all there is to say about its default."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")


def refuse_options(options: Any, names: Iterable[str], reason: str) -> None:
    """Raises `UserError` with the reason if one of these fields of `options` (a dataclass) is not its default."""
    defaults = {field.name: field.default for field in fields(options)}
    for name in names:
        if getattr(options, name) != defaults[name]:
            raise UserError(f"{reason}: leave --{name.replace('_', '-')} out")


def split_by_or_runs(asked: str | None, checkpoint: str, data: Path, format: str) -> str | None:
    """The rule of `--split-by`; where none is asked for, that of the training run `checkpoint`, which is told.

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
