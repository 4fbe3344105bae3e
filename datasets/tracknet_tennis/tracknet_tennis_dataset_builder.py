"""The tennis set of TrackNet (V1): ten broadcast games, split by game."""

from typing import ClassVar

import tensorflow_datasets as tfds

from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.splits import assign_splits
from tracknet_jax.data.tfds.build import FrameDatasetBuilder


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
        return self._by_split(assign_splits(clips, "tennis_game_level"))
