"""The papers' splits on label tables of the sets' own sizes, against the counts that the papers give."""

from collections import Counter

import numpy as np
import pytest

from tracknet_jax.data.clips import Clip, Labels
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.published_splits import PUBLISHED, V3_TEST_RANGES, random_windows
from tracknet_jax.data.splits import SplitBy, assign_splits
from tracknet_jax.utils.errors import UserError

# Frames of each clip of the public tennis set, by game.
TENNIS = {
    1: (207, 130, 63, 108, 160, 78, 452, 47, 115, 109, 130, 126, 253),
    2: (361, 199, 36, 45, 196, 551, 189, 645),
    3: (177, 29, 398, 417, 133, 238, 312, 47, 137),
    4: (598, 485, 112, 102, 225, 233, 483),
    5: (191, 57, 75, 247, 110, 221, 194, 117, 181, 110, 36, 173, 43, 35, 174),
    6: (596, 579, 529, 285),
    7: (128, 202, 47, 901, 204, 105, 143, 54, 97),
    8: (118, 97, 413, 133, 87, 131, 422, 319, 238),
    9: (83, 258, 359, 106, 292, 109, 87, 56, 223),
    10: (316, 132, 188, 47, 65, 292, 142, 81, 49, 166, 80, 586),
}


def labels(count):
    return Labels(np.arange(count), np.zeros((count, 2), np.float32), np.ones(count, np.uint8))


def tennis_set(name="game{}/Clip{}"):
    return [
        Clip(name.format(game, number), (), labels(count), "tennis")
        for game, counts in TENNIS.items()
        for number, count in enumerate(counts, start=1)
    ]


def shuttlecock_set():
    """Today's release: 23 professional and 3 amateur matches, and the 29 test rallies, 12,656 frames."""
    train = [
        Clip(f"{level}/match{match}/1_0{rally}_00", (), labels(50), split="train")
        for level, matches in (("Amateur", 3), ("Professional", 23))
        for match in range(1, matches + 1)
        for rally in range(3)
    ]
    ends = {key: end for key, (_, end) in V3_TEST_RANGES.items()}
    ends[(1, "1_05_02")] += 12_656 - sum(
        ends.values()
    )  # how much follows the range of which rally is not known
    test = [
        Clip(f"Test/match{match}/{rally}", (), labels(end), split="test")
        for (match, rally), end in ends.items()
    ]
    return train + test


def part(clips, by, split):
    return [clip for clip in assign_splits(clips, by) if clip.split == split]


def frames(clips):
    return sum(len(clip.labels) for clip in clips)


def triplets(clips):
    return sum(max(0, len(clip.labels) - 2) for clip in clips)


def test_the_set_itself():
    clips = tennis_set()
    assert (len(clips), frames(clips), triplets(clips)) == (95, 19_835, 19_645)


def test_game_level():
    test = part(tennis_set(), "tennis_game_level", "test")
    assert (len(test), frames(test), triplets(test), 3 * triplets(test)) == (29, 5_789, 5_731, 17_193)
    assert {clip.name.split("/")[0] for clip in test} == {"game1", "game4", "game9"}
    assert frames(part(tennis_set(), "tennis_game_level", "val")) == 1_958
    assert frames(part(tennis_set(), "tennis_game_level", "train")) == 19_835 - 5_789 - 1_958


def test_clip_level():
    clips = tennis_set()
    test, val = (part(clips, "tennis_clip_level", split) for split in ("test", "val"))
    # The authors' list; the paper's table says 5,923 triplets.
    assert (len(test), frames(test), triplets(test)) == (27, 5_960, 5_906)
    assert 0.69 < 1 - frames(test) / frames(clips) < 0.71
    assert len(val) == 10
    assert {"game1/Clip13", "game10/Clip11"} <= {clip.name for clip in val}


def test_wasb():
    clips = tennis_set()
    trained = part(clips, "tennis_wasb", "train") + part(clips, "tennis_wasb", "val")
    assert (frames(trained), frames(part(clips, "tennis_wasb", "test"))) == (14_160, 5_675)


def test_triplet_random():
    train, val = random_windows(19_645, "train"), random_windows(19_645, "val")
    assert (len(train), len(val), 3 * len(val)) == (13_751, 5_894, 17_682)
    assert np.array_equal(np.union1d(train, val), np.arange(19_645))
    assert (val < 9_822).mean() == pytest.approx(0.5, abs=0.03)
    assert {clip.split for clip in assign_splits(tennis_set(), "triplet_random")} == {"train"}


def test_shuttlecock_v2():
    clips = assign_splits(shuttlecock_set(), "shuttlecock_v2")
    matches = Counter(clip.name.rpartition("/")[0] for clip in clips if clip.split == "train")
    assert len(matches) == 15 + 3
    assert "Professional/match16" not in matches
    assert set(matches.values()) == {2}
    held_out = {clip.name for clip in clips if clip.split == "val"}
    assert held_out == {f"{match}/1_02_00" for match in matches}
    test = [clip for clip in clips if clip.split == "test"]
    assert (len(test), frames(test), 3 * triplets(test)) == (29, 12_656, 37_794)  # as counted in V4's table


def test_shuttlecock_v3():
    clips = assign_splits(shuttlecock_set(), "shuttlecock_v3")
    assert Counter(clip.split for clip in clips) == {"train": 2 * 26, "val": 26, "test": 29}
    test = [clip for clip in clips if clip.split == "test"]
    assert frames(test) == 10_836
    assert next(
        clip.labels.frame[[0, -1]].tolist() for clip in test if clip.name == "Test/match2/2_02_05"
    ) == [
        5,
        738,
    ]


def test_shuttlecock_in_the_folders_of_v3():
    def rally(folder, match, number, split):
        return Clip(f"{folder}/match{match}/1_0{number}_00", (), labels(9), split=split)

    prepared = [rally("train", match, 1, "train") for match in (15, 16, 24)]
    prepared += [rally("val", match, 2, "val") for match in (15, 16, 24)]
    clips = assign_splits(prepared, "shuttlecock_v2")
    assert {(clip.name, clip.split) for clip in clips} == {
        (f"{split}/match{match}/1_0{number}_00", split)
        for match in (15, 24)
        for number, split in ((1, "train"), (2, "val"))
    }


def test_padel_first_set():
    names = ["final_0_54_1", "final_0_00_10", "final_1_00_0", "cup_10_00_0", "cup_0_00_0"]
    clips = [Clip(f"padel/{name}", (), None, "padel", "train") for name in names]
    others = [Clip("tennis/game8/Clip1", (), None, "tennis", "val"), Clip("video_0_1_2", (), None)]
    splits = {clip.name: clip.split for clip in assign_splits([*clips, *others], "padel_first_set")}
    held_out = {"padel/final_0_54_1", "padel/final_0_00_10", "padel/cup_0_00_0", "tennis/game8/Clip1"}
    assert splits == {name: "val" if name in held_out else "train" for name in splits}


def test_padel_first_set_of_real_clips(real_data):
    clips = assign_splits(find_clips(real_data / "clips288"), "padel_first_set")
    assert Counter((clip.sport, clip.split) for clip in clips) == {
        ("tennis", "train"): 46,
        ("tennis", "val"): 6,
        ("badminton", "train"): 30,
        ("badminton", "val"): 5,
        ("padel", "train"): 39,
        ("padel", "val"): 10,
    }


@pytest.mark.parametrize("name", ["raw_data/game{}_Clip{}", "sets/tennis/Game{}/clip{}"])
def test_other_names_of_clips(name):
    test = part(tennis_set(name), "tennis_game_level", "test")
    assert frames(test) == 5_789


@pytest.mark.parametrize(
    ("clip", "by", "message"),
    [
        (Clip("padel/point_1", (), None), "tennis_game_level", "padel/point_1: a tennis split needs"),
        (Clip("match1/1_01_00", (), None), "shuttlecock_v3", "needs the folders Professional"),
        (Clip("game1/Clip1", (), None, split="train"), "shuttlecock_v2", "in folders matchN"),
        (Clip("padel/final_1_00_0", (), None, "padel"), "padel_first_set", "named MATCH_SET_GAMES_POINT"),
        (Clip("game1/Clip1", (), None), "tennis", "choose from layout, match, clip, tennis_game_level"),
    ],
)
def test_clips_that_a_split_does_not_know(clip, by, message):
    with pytest.raises(UserError, match=message):
        assign_splits([clip], by)


def test_the_command_line_offers_them_all():
    assert set(SplitBy.__args__) == {"layout", "match", "clip", *PUBLISHED}
    for by in SplitBy.__args__:
        if by.startswith("tennis"):
            assert len(assign_splits(tennis_set(), by)) == 95
        elif by.startswith("shuttlecock"):
            assert len(assign_splits(shuttlecock_set(), by)) in (26 * 3 + 29, 18 * 3 + 29)
