"""Which clips are trained on and which are held out: by match, by clip, or as in a paper."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from tracknet_jax.data.clips import Clip
from tracknet_jax.data.published_splits import PUBLISHED
from tracknet_jax.utils.errors import UserError

SPLITS = ("train", "val", "test")

# "layout", "match" and "clip" work for any data; the others are `published_splits`.
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
# A split of windows, not of clips, see `published_splits.random_windows`.
RANDOM_WINDOWS = "triplet_random"


def split_rule(clips: Sequence[Clip], by: str, held_out: str = "val") -> str:
    """The split that a recipe's `data.split_by` stands for, given all clips of a source.

    "auto" means "layout" if that puts clips into the split `held_out`, else "match".
    """
    if by != "auto":
        return by
    return "layout" if any(clip.split == held_out for clip in clips) else "match"


def assign_splits(clips: Sequence[Clip], by: str = "layout") -> list[Clip]:
    """The clips with their splits.

    Args:
        clips: clips with the splits of their layout.
        by: "layout" keeps those, "train" where there is none. "match" and "clip" hold out every tenth match (folder
            of clips) or clip as "val", at least one, always the same ones; clips in "test" stay there. The splits
            of `published_splits` may leave out clips and labels. "triplet_random" makes every clip "train".

    Raises:
        UserError: `by` is unknown, a clip's name does not fit it, or there is only one match or clip to split.
    """
    if by == RANDOM_WINDOWS:
        return [replace(clip, split="train") for clip in clips]
    if by == "layout":
        return [replace(clip, split=clip.split or "train") for clip in clips]
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
    return [
        clip
        if clip.split == "test"
        else replace(clip, split="val" if _group(clip, by) in held_out else "train")
        for clip in clips
    ]


def _group(clip: Clip, by: str) -> str:
    """The clip, or its match, which is the folder in its name: `game1` of `game1/Clip1`."""
    return clip.name.rpartition("/")[0] if by == "match" and "/" in clip.name else clip.name
