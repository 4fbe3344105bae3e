"""Random access to the frames of a built dataset."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.data.tfds.records import decode_jpeg
from tracknet_jax.utils.errors import UserError, first_line

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

INFO_FILE = "dataset_info.json"


def index_file(split: str) -> str:
    """The name of the file beside the records that holds a split's index."""
    return f"frame_index_{split}.npz"


def find_dataset(path: Path | str) -> Path | None:
    """The folder of a built dataset: `path` itself, or the only one up to three folders below it; else None."""
    path = Path(path)
    if (path / INFO_FILE).is_file():
        return path
    below = [file.parent for pattern in ("*", "*/*", "*/*/*") for file in path.glob(f"{pattern}/{INFO_FILE}")]
    return below[0] if len(below) == 1 else None


def dataset_splits(path: Path | str) -> dict[str, int]:
    """The splits of a built dataset and their numbers of frames; raises `UserError` if it is none."""
    return {name: info.num_examples for name, info in _builder(path).info.splits.items()}


class FrameSource:
    """The frames of one split of a built dataset.

    A pickled source holds the path only, so that worker processes open the files themselves.

    Raises:
        UserError: there is no such dataset or split.
    """

    def __init__(self, path: Path | str, split: str = "train"):
        builder = _builder(path)
        if split not in builder.info.splits:
            names = ", ".join(builder.info.splits)
            raise UserError(f"{path}: no split {split!r}; it has {names}")
        self.directory = Path(builder.data_path)
        self.split = split
        height, width = builder.info.features["image"].shape[:2]
        self.size = None if height is None else (width, height)  # None: each clip has its own

    def __len__(self) -> int:
        return len(self._records)

    def __getstate__(self) -> dict:
        return {name: value for name, value in vars(self).items() if name != "_records"}

    def image(self, i: int) -> np.ndarray:
        """The frame of record `i`, (H, W, 3) uint8 RGB."""
        return decode_jpeg(self._records[i]["image"])

    def fps(self, i: int) -> str:
        """The frame rate of the clip of record `i` as a fraction, "" if unknown."""
        return self._records[i]["fps"].decode()

    def records(self) -> Iterator[dict[str, Any]]:
        """All records in order, pictures as JPEG bytes."""
        return (self._records[i] for i in range(len(self)))

    @functools.cached_property
    def index(self) -> FrameIndex:
        """Clip, frame number and label of every record, kept in a file beside the records."""
        path = self.directory / index_file(self.split)
        with contextlib.suppress(OSError, ValueError, KeyError):
            index = FrameIndex.load(path)
            if len(index) == len(self):
                return index
        index = FrameIndex.of(self.records())
        with contextlib.suppress(UserError):  # a read-only dataset is indexed each time
            index.save(path)
        return index

    @functools.cached_property
    def _records(self):
        import tensorflow_datasets as tfds  # here, so that training on folders of clips does not need it

        decoders = {"image": tfds.decode.SkipDecoding()}  # JPEG bytes: the index does not need pictures
        return tfds.builder_from_directory(self.directory).as_data_source(self.split, decoders=decoders)


def _builder(path: Path | str) -> "tfds.core.DatasetBuilder":
    import tensorflow_datasets as tfds

    directory = find_dataset(path)
    if directory is None:
        raise UserError(f"{path}: not a built dataset (no {INFO_FILE}); make one with `tracknet data build`")
    try:
        builder = tfds.builder_from_directory(directory)
        fields = set(builder.info.features)
    except Exception as error:
        raise UserError(f"{directory}: not a dataset that can be read ({first_line(error)})") from error
    if not {"clip", "frame", "image", "xy", "visibility"} <= fields:
        raise UserError(f"{directory}: not a dataset of labelled frames; make one with `tracknet data build`")
    return builder
