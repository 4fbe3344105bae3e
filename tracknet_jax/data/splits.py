"""Which clip is trained on and which is held out: by match, by clip, or as a paper has it."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from tracknet_jax.data.clips import Clip
from tracknet_jax.data.published_splits import PUBLISHED
from tracknet_jax.utils.errors import UserError

SPLITS = ("train", "val", "test")

# Splits of clips; "layout", "match" and "clip" work for any data, the others for that of the papers.
SplitBy = Literal[
    "layout",
    "match",
    "clip",
    "tennis_game_level",
    "tennis_clip_level",
    "tennis_wasb",
    "shuttlecock_v2",
    "shuttlecock_v3",
    "padel_first_set",
]
# Not a split of clips but of windows, see `published_splits.random_windows`: every clip is "train".
RANDOM_WINDOWS = "triplet_random"


def split_rule(clips: Sequence[Clip], by: str, held_out: str = "val") -> str:
    """The rule that a recipe's `data.split_by` stands for, given all clips of a source.

    "auto" is what the layout says where that has clips of the split `held_out`, else "match".
    """
    if by != "auto":
        return by
    return "layout" if any(clip.split == held_out for clip in clips) else "match"


def assign_splits(clips: Sequence[Clip], by: str = "layout") -> list[Clip]:
    """Every clip with a split.

    "layout" takes what the folders say, "train" where they say nothing. "match" and "clip" hold out one
    match (all clips of one folder) or clip in ten, at least one, evenly spread, as "val", the same ones
    every time; what the layout calls "test" stays that. The splits of papers are in `published_splits`;
    they may leave clips out, and labels. Under "triplet_random" every clip is "train".

    Raises:
        UserError: `by` is unknown, does not know a clip, or there is only one match or clip to split.
    """
    if by == RANDOM_WINDOWS:
        return [dataclasses.replace(clip, split="train") for clip in clips]
    if by == "layout":
        return [dataclasses.replace(clip, split=clip.split or "train") for clip in clips]
    if by in PUBLISHED:
        return PUBLISHED[by](clips)
    if by not in ("match", "clip"):
        names = ", ".join(["layout", "match", "clip", *PUBLISHED])
        raise UserError(f"cannot split by {by!r}: choose from {names}")
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
