"""Which clip is trained on and which is held out: by match or by clip, never by frame."""

import dataclasses
from collections.abc import Sequence

from tracknet_jax.data.clips import Clip
from tracknet_jax.errors import UserError

SPLITS = ("train", "val", "test")


def assign_splits(clips: Sequence[Clip], by: str = "layout") -> list[Clip]:
    """Every clip with a split.

    "layout" takes what the folders say, "train" where they say nothing. "match" and "clip" hold out one
    match (all clips of one folder) or clip in ten, at least one, evenly spread, as "val", the same ones
    every time; what the layout calls "test" stays that.

    Raises:
        UserError: `by` is unknown, or there is only one match or clip to split.
    """
    if by == "layout":
        return [dataclasses.replace(clip, split=clip.split or "train") for clip in clips]
    if by not in ("match", "clip"):
        raise UserError(f"cannot split by {by!r}: choose from layout, match, clip")
    groups = list(dict.fromkeys(_group(clip, by) for clip in clips if clip.split != "test"))
    if len(groups) == 1:
        instead = "by clip" if by == "match" else "as the layout says"
        raise UserError(f"only one {by} to split ({groups[0]}); split {instead} (option split-by)")
    held_out = set(groups[9::10] or groups[-1:])
    return [dataclasses.replace(clip, split=_split(clip, by, held_out)) for clip in clips]


def _split(clip: Clip, by: str, held_out: set[str]) -> str:
    if clip.split == "test":
        return "test"
    return "val" if _group(clip, by) in held_out else "train"


def _group(clip: Clip, by: str) -> str:
    """The match is the folder part of the name: `game1` of `game1/Clip1`."""
    return clip.name.rpartition("/")[0] if by == "match" and "/" in clip.name else clip.name
