"""Writes datasets for TFDS: ArrayRecord files in clip order, in constant memory and without TensorFlow."""

import contextlib
import errno
import io
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
from tracknet_jax.data.tfds.records import DEFAULT_SIZE, Record, Size, frame_features, generate_examples
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
    """A TFDS builder of labelled frames that writes each example as it comes.

    TFDS's own writer gathers a split first, above 1 GB in temporary files, for which it imports TensorFlow. Here the
    frames stay in clip order, so nothing has to be gathered. The `Builder` of a builder package is a subclass with
    `VERSION`, `HOMEPAGE` and `_split_generators`, which may call `_by_split`.
    """

    BUILDER_CONFIGS: ClassVar[list[FrameConfig]] = SIZES
    HOMEPAGE = ""

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "file_format": "array_record"})  # TFDS's default needs TensorFlow

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=frame_features(self.builder_config.size), homepage=self.HOMEPAGE, disable_shuffling=True
        )

    def _generate_examples(self, clips: Sequence[Clip]) -> Iterator[tuple[int, Record]]:
        return generate_examples(clips, self.builder_config.size)

    def _by_split(self, clips: Sequence[Clip]) -> dict[str, Iterator[tuple[int, Record]]]:
        """The return value of `_split_generators` for clips that have their splits."""
        splits = sorted({clip.split for clip in clips}, key=SPLITS.index)
        return {
            split: self._generate_examples([clip for clip in clips if clip.split == split])
            for split in splits
        }

    def _download_and_prepare(self, dl_manager, download_config=None) -> None:
        splits = [
            self._write_split(split, (record for _, record in examples))
            for split, examples in self._split_generators(dl_manager).items()
        ]
        self.info.set_splits(tfds.core.SplitDict(splits))

    def _write_split(self, split: str, records: Iterable[Record]) -> tfds.core.SplitInfo:
        """Writes the shards of a split and its index."""
        template = tfds.core.ShardedFileTemplate(
            data_dir=self.data_path, dataset_name=self.name, split=split, filetype_suffix="array_record"
        )
        shards = _ShardWriter(Path(self.data_dir), prefix=f"{split}.part")
        labels: list[Record] = []
        for record in records:
            shards.write(self.info.features.serialize_example(record))
            labels.append({name: value for name, value in record.items() if name != "image"})
        shards.close()
        for i, part in enumerate(shards.paths):
            part.rename(template.sharded_filepath(shard_index=i, num_shards=len(shards.paths)))
        FrameIndex.of(labels).save(Path(self.data_dir) / index_file(split))
        return tfds.core.SplitInfo(
            name=split, shard_lengths=shards.lengths, num_bytes=shards.num_bytes, filename_template=template
        )


class _ShardWriter:
    """Writes records to files of at most `RECORDS_PER_SHARD`, which are renamed once their number is known."""

    def __init__(self, directory: Path, prefix: str):
        self.directory, self.prefix = directory, prefix
        self.paths: list[Path] = []
        self.lengths: list[int] = []
        self.num_bytes = 0
        self._writer: ArrayRecordWriter | None = None

    def write(self, record: bytes) -> None:
        if self._writer is None or self.lengths[-1] == RECORDS_PER_SHARD:
            self.close()
            self.paths.append(self.directory / f"{self.prefix}-{len(self.paths):05d}")
            self.lengths.append(0)
            self._writer = ArrayRecordWriter(str(self.paths[-1]), "group_size:1")  # random access to each
        self._call(self._writer.write, record)
        self.lengths[-1] += 1
        self.num_bytes += len(record)

    def close(self) -> None:
        if self._writer is not None:
            self._call(self._writer.close)
            self._writer = None

    def _call(self, method: Callable[..., None], *args: bytes) -> None:
        """Calls ArrayRecord, which reports a full disk as a RuntimeError."""
        try:
            method(*args)
        except RuntimeError as error:
            reason = str(error).split(";")[0].removeprefix("write() failed: ")
            raise OSError(errno.ENOSPC if "space" in reason else errno.EIO, reason) from error


class TracknetClips(FrameDatasetBuilder, skip_registration=True):  # type: ignore[call-arg]
    """The dataset that `tracknet data build` makes from a folder of labelled clips."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "One record a frame."}
    BUILDER_CONFIGS: ClassVar[list[FrameConfig]] = []

    def __init__(self, clips: Sequence[Clip], size: Size | None, on_frame: Callable[[], None], **kwargs):
        self._clips, self._size, self._on_frame = clips, size, on_frame
        super().__init__(**kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description="Frames of sports clips with the ball's position in each, in clip order.",
            features=frame_features(self._size),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager) -> dict[str, Iterator[tuple[int, Record]]]:
        return self._by_split(self._clips)

    def _generate_examples(self, clips: Sequence[Clip]) -> Iterator[tuple[int, Record]]:
        for example in generate_examples(clips, self._size):
            yield example
            self._on_frame()


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
    output = Path(output)
    _check_free(output, overwrite)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as work:
            builder = TracknetClips(clips, size, on_frame, data_dir=work)
            with contextlib.redirect_stdout(io.StringIO()):  # TFDS prints the name of its temporary folder
                builder.download_and_prepare()
            if output.exists():
                output.rename(Path(work, "replaced"))
            builder.data_path.rename(output)
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
