"""The tennis set of TrackNet (V1): ten broadcast games, split by game."""

import dataclasses
from typing import ClassVar

import tensorflow_datasets as tfds

from tracknet_jax.data.build import FrameDatasetBuilder
from tracknet_jax.data.formats import find_clips

# The games that the TrackNetV4 paper tests on; game 8 is held out for choosing checkpoints.
SPLIT_OF_GAME = {"game1": "test", "game4": "test", "game9": "test", "game8": "val"}


class Builder(FrameDatasetBuilder):
    """One record a frame, `manual_dir` holding `game1/Clip1 ... game10/ClipN`."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "One record a frame, split by game."}
    HOMEPAGE = "https://arxiv.org/abs/1907.03698"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Get the tennis set of TrackNet (V1); manual_dir is the folder of game1 ... game10."
    )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        clips = find_clips(dl_manager.manual_dir, "tennis")
        return self._by_split([dataclasses.replace(clip, split=split_of(clip.name)) for clip in clips])


def split_of(clip_name: str) -> str:
    """The split of a clip by the game in its name, `.../game4/Clip1`."""
    games = [part.lower() for part in clip_name.split("/")]
    return next((SPLIT_OF_GAME[game] for game in games if game in SPLIT_OF_GAME), "train")
