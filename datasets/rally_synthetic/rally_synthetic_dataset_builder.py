"""Rendered rallies of three sports, drawn while the dataset is built."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import tensorflow_datasets as tfds

from tracknet_jax.data.tfds.build import FrameConfig, FrameDatasetBuilder
from tracknet_jax.data.tfds.records import Record, frame_records
from tracknet_jax.synthetic.play.sports import SPORTS
from tracknet_jax.synthetic.rally import RallyConfig, render_rally

FIRST_SEED = {"train": 0, "val": 100_000, "test": 200_000}  # far apart: no seed is in two splits


@dataclass
class RallyDatasetConfig(FrameConfig):
    """Which rallies a dataset holds."""

    sports: tuple[str, ...] = tuple(SPORTS)
    frames: int = 180  # in a rally
    rallies: tuple[int, int, int] = (96, 12, 12)  # of each sport in train, val, test


CONFIGS = [
    RallyDatasetConfig(name="all_512x288", description="three sports, 512x288", size=(512, 288)),
    *(
        RallyDatasetConfig(
            name=f"{sport}_512x288", description=f"{sport}, 512x288", size=(512, 288), sports=(sport,)
        )
        for sport in SPORTS
    ),
    RallyDatasetConfig(
        name="all_1280x720", description="three sports, 1280x720", size=(1280, 720), rallies=(16, 4, 4)
    ),
    RallyDatasetConfig(
        name="tiny", description="a few small frames for tests", size=(96, 54), frames=6, rallies=(2, 1, 1)
    ),
]


class Builder(FrameDatasetBuilder):
    """One record a frame, each rally rendered at the size it is stored in."""

    VERSION = tfds.core.Version("1.1.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {
        "1.0.0": "One record a frame.",
        "1.1.0": "A simpler renderer: a seed gives another rally than before. Every rally has one exposure time, "
        "and none repeats frames.",
    }
    BUILDER_CONFIGS: ClassVar[list[FrameConfig]] = [*CONFIGS]

    def _split_generators(self, dl_manager):
        counts = zip(FIRST_SEED, self.builder_config.rallies, strict=True)
        return {split: self._records(split, count) for split, count in counts}

    def _records(self, split: str, count: int) -> Iterator[Record]:
        config = self.builder_config
        for seed in range(FIRST_SEED[split], FIRST_SEED[split] + count):
            for sport in config.sports:
                rally = render_rally(RallyConfig(sport, seed, config.frames, *config.size))
                yield from frame_records(
                    f"{sport}/{split}{seed}",
                    rally.frames(),
                    rally.labels,
                    sport=sport,
                    fps=rally.fps,
                    size=config.size,
                )
