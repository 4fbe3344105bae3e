"""Writes datasets for TFDS: ArrayRecord files in clip order, in constant memory and without TensorFlow."""

import errno
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import tensorflow_datasets as tfds
from array_record.python.array_record_module import ArrayRecordWriter

from tracknet_jax.data.clips import Clip
from tracknet_jax.data.splits import SPLITS
from tracknet_jax.data.tfds.frame_source import INFO_FILE, dataset_splits, index_file
from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.data.tfds.records import DEFAULT_SIZE, Record, Size, frame_features, read_records
from tracknet_jax.utils.errors import UserError

RECORDS_PER_SHARD = 4096  # about 200 MB at the default size


@dataclass
class FrameConfig(tfds.core.BuilderConfig):
    """The size of the stored frames."""

    size: Size | None = DEFAULT_SIZE  # (width, height); None keeps each clip's own


SIZES = [
    FrameConfig(name="512x288", description="frames of 512x288 pixels"),
    FrameConfig(name="native", description="frames as they are", size=None),
]


class FrameDatasetBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A TFDS builder of labelled frames that writes each record as it comes.

    TFDS's own writer gathers a split first, above 1 GB in temporary files, for which it imports TensorFlow. Here the
    frames stay in clip order, so nothing has to be gathered, and records need no keys. The `Builder` of a builder
    package is a subclass with `VERSION`, `HOMEPAGE` and `_split_generators`, which may call `_by_split`.
    """

    BUILDER_CONFIGS: ClassVar[list[FrameConfig]] = SIZES
    HOMEPAGE = ""

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "file_format": "array_record"})  # TFDS's default needs TensorFlow

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=frame_features(self.builder_config.size), homepage=self.HOMEPAGE, disable_shuffling=True
        )

    def _generate_examples(self, clips: Sequence[Clip]) -> Iterator[Record]:
        return read_records(clips, self.builder_config.size)

    def _by_split(self, clips: Sequence[Clip]) -> dict[str, Iterator[Record]]:
        """The return value of `_split_generators` for clips that have their splits."""
        return {split: self._generate_examples(part) for split, part in _clips_by_split(clips).items()}

    def _download_and_prepare(self, dl_manager, download_config=None) -> None:
        splits = [
            _write_split(Path(self.data_dir), self.name, split, records, self.info.features)
            for split, records in self._split_generators(dl_manager).items()
        ]
        self.info.set_splits(tfds.core.SplitDict(splits))


def build_dataset(
    clips: Sequence[Clip],
    output: Path | str,
    *,
    size: Size | None = DEFAULT_SIZE,
    overwrite: bool = False,
    on_frame: Callable[[], None] = lambda: None,
) -> dict[str, int]:
    """Builds a dataset into the folder `output`, for `tfds.builder_from_directory(output)`.

    The dataset is written beside `output` and renamed at the end, so it is there whole or not at all.

    Args:
        clips: clips with their splits, see `assign_splits`.
        output: the dataset's folder: a new one, an empty one, or with `overwrite` another dataset.
        size: (width, height) of the stored images; None keeps each clip's own.
        overwrite: replace the dataset in `output`.
        on_frame: called after each frame, for a progress bar.

    Returns:
        The number of frames of each split.

    Raises:
        UserError: a clip or label is wrong, `output` is taken, or the disk is full.
    """
    output, features = Path(output), frame_features(size)
    _check_free(output, overwrite)

    def records(part: Sequence[Clip]) -> Iterator[Record]:
        for record in read_records(part, size):
            yield record
            on_frame()

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as work:
            folder = Path(work, "dataset")
            folder.mkdir()
            splits = [
                _write_split(folder, "tracknet_clips", split, records(part), features)
                for split, part in _clips_by_split(clips).items()
            ]
            tfds.folder_dataset.write_metadata(
                data_dir=folder,
                features=features,
                split_infos=splits,
                check_data=False,  # that would need TensorFlow
                description="Frames of sports clips with the ball's position in each, in clip order.",
                disable_shuffling=True,
            )
            if output.exists():
                output.rename(Path(work, "replaced"))
            folder.rename(output)
    except OSError as error:
        raise UserError(f"{output}: cannot be written ({error.strerror}); nothing was changed") from error
    return dataset_splits(output)


def _check_free(output: Path, overwrite: bool) -> None:
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    if not (output / INFO_FILE).is_file():
        raise UserError(f"{output}: exists and is not a dataset; choose another folder")
    if not overwrite:
        raise UserError(f"{output}: there is a dataset already; choose another folder, or give --overwrite")


def _clips_by_split(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    splits: dict[str, list[Clip]] = {split: [] for split in SPLITS}  # a manifest may name others
    for clip in clips:
        splits.setdefault(clip.split, []).append(clip)
    return {split: part for split, part in splits.items() if part}


def _write_split(
    folder: Path, name: str, split: str, records: Iterable[Record], features: tfds.features.FeaturesDict
) -> tfds.core.SplitInfo:
    """Writes the index of a split, and its shards, which are renamed once their number is known."""
    template = tfds.core.ShardedFileTemplate(
        data_dir=folder, dataset_name=name, split=split, filetype_suffix="array_record"
    )
    labels: list[Record] = []

    def serialized() -> Iterator[bytes]:
        for record in records:
            labels.append({name: value for name, value in record.items() if name != "image"})
            yield features.serialize_example(record)

    sizes: dict[Path, list[int]] = {}  # of the records in each shard, in bytes
    stream = serialized()
    for first in stream:
        shard = itertools.chain([first], itertools.islice(stream, RECORDS_PER_SHARD - 1))
        part = folder / f"{split}.part-{len(sizes):05d}"
        sizes[part] = _write_shard(part, shard)
    for i, part in enumerate(sizes):
        part.rename(template.sharded_filepath(shard_index=i, num_shards=len(sizes)))
    FrameIndex.of(labels).save(folder / index_file(split))
    return tfds.core.SplitInfo(
        name=split,
        shard_lengths=[len(shard) for shard in sizes.values()],
        num_bytes=sum(map(sum, sizes.values())),
        filename_template=template,
    )


def _write_shard(path: Path, records: Iterable[bytes]) -> list[int]:
    """Writes records to a file, and returns the bytes of each."""
    writer = ArrayRecordWriter(str(path), "group_size:1")  # random access to each
    sizes = []
    for record in records:
        _call(writer.write, record)
        sizes.append(len(record))
    _call(writer.close)
    return sizes


def _call(method: Callable[..., None], *args: bytes) -> None:
    """Calls ArrayRecord, which reports a full disk as a RuntimeError."""
    try:
        method(*args)
    except RuntimeError as error:
        reason = str(error).split(";")[0].removeprefix("write() failed: ")
        raise OSError(errno.ENOSPC if "space" in reason else errno.EIO, reason) from error
