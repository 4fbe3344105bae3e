"""The shuttlecock set of TrackNetV2 and V3: professional and amateur matches, and three test matches."""

from typing import ClassVar

import tensorflow_datasets as tfds

from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.splits import assign_splits
from tracknet_jax.data.tfds.build import FrameDatasetBuilder


class Builder(FrameDatasetBuilder):
    """One record a frame, `manual_dir` holding `Professional`, `Amateur` and `Test`."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "One record a frame, split by match."}
    HOMEPAGE = "https://hackmd.io/@TUIK/rJkRW54cU"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Get the shuttlecock set of TrackNetV2; manual_dir is the folder of Professional, Amateur and Test."
    )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        return self._by_split(assign_splits(find_clips(dl_manager.manual_dir, "shuttlecock"), "match"))
