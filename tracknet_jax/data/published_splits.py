"""The splits behind the papers' tables, with validation clips of our own, and one split of our own for padel."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from tracknet_jax.data.clips import Clip
from tracknet_jax.utils.errors import UserError

# The test clips of V4's clip-level split as its authors' repository lists them: clip numbers by game. They have 5,906
# triplets; the paper's table says 5,923.
CLIP_LEVEL_TEST = {
    1: (8, 10, 12),
    2: (1, 6, 7, 8),
    3: (6, 7, 9),
    4: (2, 4),
    5: (1, 2, 6, 15),
    7: (7,),
    8: (1, 2, 4, 6),
    9: (3, 6),
    10: (2, 5, 7, 12),
}

# The frames [first, last) of each test rally that V3 evaluates, by match and rally.
V3_TEST_RANGES = {
    (1, "1_05_02"): (28, 506),
    (1, "1_05_03"): (38, 391),
    (1, "1_06_03"): (24, 333),
    (1, "1_07_03"): (58, 682),
    (1, "1_07_04"): (54, 190),
    (1, "1_07_06"): (22, 317),
    (1, "1_09_06"): (50, 113),
    (1, "1_09_07"): (33, 665),
    (1, "2_02_07"): (7, 138),
    (1, "2_03_08"): (27, 126),
    (1, "2_03_10"): (34, 573),
    (2, "1_03_03"): (61, 412),
    (2, "1_04_04"): (46, 254),
    (2, "1_11_11"): (16, 685),
    (2, "1_13_12"): (108, 641),
    (2, "1_19_15"): (55, 689),
    (2, "2_02_05"): (5, 739),
    (2, "2_08_12"): (10, 588),
    (3, "1_02_00"): (13, 674),
    (3, "1_03_02"): (56, 416),
    (3, "1_05_02"): (0, 736),
    (3, "1_05_03"): (96, 204),
    (3, "1_06_05"): (0, 215),
    (3, "1_06_06"): (20, 285),
    (3, "1_08_08"): (0, 256),
    (3, "1_08_09"): (35, 208),
    (3, "1_09_12"): (55, 293),
    (3, "1_09_15"): (70, 215),
    (3, "1_10_16"): (0, 313),
}

# V2's paper used the first 15 of today's 23 professional matches and the 3 amateur ones. V3's preparation script puts
# all into one folder, the amateur ones as match24 to match26.
V2_PROFESSIONAL, V3_AMATEUR = range(1, 16), range(24, 27)


def tennis_by_game(clips: Sequence[Clip], test: tuple[int, ...], val: int) -> list[Clip]:
    """Some games are "test"; of the others, we hold out one."""
    split_of = dict.fromkeys(test, "test") | {val: "val"}
    return [replace(clip, split=split_of.get(_game_and_clip(clip)[0], "train")) for clip in clips]


def tennis_clip_level(clips: Sequence[Clip]) -> list[Clip]:
    """V4's clip-level split; we hold out the last training clip of each game."""
    tested = {(game, number) for game, numbers in CLIP_LEVEL_TEST.items() for number in numbers}
    marked = [replace(clip, split="test" if _game_and_clip(clip) in tested else "train") for clip in clips]
    return _hold_out_last(marked, lambda clip: _game_and_clip(clip)[0])


def shuttlecock_v2(clips: Sequence[Clip]) -> list[Clip]:
    """V2's and V4's split: the 18 matches of V2's paper are "train"; we hold out the last rally of each.

    Professional matches that were published later are left out.
    """
    return [clip for clip in shuttlecock_v3(clips, cut=False) if clip.split == "test" or _in_v2_paper(clip)]


def shuttlecock_v3(clips: Sequence[Clip], cut: bool = True) -> list[Clip]:
    """V3's split: the last rally of each training match is "val"; test rallies keep the labels of V3's ranges."""
    unknown = next((clip for clip in clips if not clip.split), None)
    if unknown is not None:
        raise UserError(
            f"clip {unknown.name}: a shuttlecock split needs the folders Professional, Amateur and Test, or "
            "train, val and test"
        )
    marked = [clip if clip.split == "test" else replace(clip, split="train") for clip in clips]
    marked = _hold_out_last(marked, _match)
    return [_cut(clip) if cut and clip.split == "test" else clip for clip in marked]


def padel_first_set(clips: Sequence[Clip]) -> list[Clip]:
    """Our split: the layout's, but the padel clips of each match's first set are "val".

    Padel clips are named MATCH_SET_GAMES_POINT, with sets counted from 0. Rallies of one set stay together, but the
    court, players and cameras of a match are in both parts.
    """
    padel = [clip for clip in clips if clip.sport == "padel"]
    parts = {clip.name: re.search(r"_(\d+)_\d+_\d+$", clip.name) for clip in padel}
    first = {name for name, found in parts.items() if found and int(found[1]) == 0}
    if padel and not first:
        raise UserError(
            f"clip {padel[0].name}: padel_first_set needs padel clips named MATCH_SET_GAMES_POINT, some of set 0"
        )
    return [replace(clip, split="val" if clip.name in first else clip.split or "train") for clip in clips]


def random_windows(count: int, split: str) -> np.ndarray:
    """The numbers of the "train" or "val" windows among `count` windows, which are shuffled and split 70 : 30.

    V1 and V5 split so. Neighbouring windows share frames, so nearly every validation frame is a training frame too:
    for reproduction only. Their shuffles are not published; this one is ours.
    """
    order = np.random.default_rng(42).permutation(count)
    train = int(0.7 * count)
    return np.sort(order[:train] if split == "train" else order[train:])


PUBLISHED: dict[str, Callable[[Sequence[Clip]], list[Clip]]] = {
    "tennis_game_level": partial(tennis_by_game, test=(1, 4, 9), val=8),  # V4's
    "tennis_clip_level": tennis_clip_level,
    "tennis_wasb": partial(tennis_by_game, test=(8, 9, 10), val=7),  # WASB's
    "shuttlecock_v2": shuttlecock_v2,
    "shuttlecock_v3": shuttlecock_v3,
    "padel_first_set": padel_first_set,
}


def _game_and_clip(clip: Clip) -> tuple[int, int]:
    """The two numbers in `.../game4/Clip1` or `game4_Clip1`."""
    found = re.search(r"game_?(\d+)[/_]clip_?(\d+)$", clip.name, re.IGNORECASE)
    if found is None:
        raise UserError(
            f"clip {clip.name}: a tennis split needs clips named gameN/ClipM; choose another split"
        )
    return int(found[1]), int(found[2])


def _match(clip: Clip) -> tuple[bool, int]:
    """Whether the clip's match is an amateur one, and its number; V3's val/match1 is the match of train/match1."""
    folder = clip.name.rpartition("/")[0]
    found = re.search(r"match(\d+)$", folder, re.IGNORECASE)
    if found is None:
        raise UserError(f"clip {clip.name}: a shuttlecock split needs rallies in folders matchN")
    return "amateur" in folder.lower(), int(found[1])


def _in_v2_paper(clip: Clip) -> bool:
    amateur, number = _match(clip)
    return amateur or number in V2_PROFESSIONAL or number in V3_AMATEUR


def _hold_out_last(clips: Sequence[Clip], group: Callable[[Clip], object]) -> list[Clip]:
    """The clips, the last training clip of each group being "val", unless it is the only one of its group."""
    trained = [clip for clip in clips if clip.split == "train"]
    counts = Counter(map(group, trained))
    last = {group(clip): clip.name for clip in trained if counts[group(clip)] > 1}
    held_out = set(last.values())
    return [replace(clip, split="val") if clip.name in held_out else clip for clip in clips]


def _cut(clip: Clip) -> Clip:
    """A test clip with the labels in V3's range only."""
    kept = V3_TEST_RANGES.get((_match(clip)[1], clip.name.rpartition("/")[2]))
    if kept is None or clip.labels is None:
        return clip
    frame = clip.labels.frame
    return replace(clip, labels=clip.labels.of_rows((frame >= kept[0]) & (frame < kept[1])))
