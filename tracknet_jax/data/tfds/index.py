"""The index of a built dataset: clip, frame number and label of every record, without the picture."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tracknet_jax.utils.files import replacing


@dataclass(frozen=True)
class FrameIndex:
    """Arrays with one row for each of N records, in their order."""

    clip_names: tuple[str, ...]  # of each clip, in order of appearance; clips of two sources may share a name
    sports: tuple[str, ...]  # of each clip
    clip: np.ndarray  # (N,) int32, the record's clip: an index into `clip_names`
    frame: np.ndarray  # (N,) int64, frame number in the clip
    xy: np.ndarray  # (N, 2) float32 pixels of the stored image, NaN where not located
    visibility: np.ndarray  # (N,) uint8 as in `Labels`
    source_size: np.ndarray  # (N, 2) int32, width and height of the frame before it was resized

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]]) -> "FrameIndex":
        """The index of records as the builders write them or as TFDS reads them.

        Clip names are unique within a dataset. In records of several datasets, the key "source" tells them apart.
        """
        clips: dict[tuple[int, str], int] = {}
        sports, rows = [], []
        for record in records:
            clip = record.get("source", 0), _text(record["clip"])
            if clip not in clips:
                clips[clip] = len(clips)
                sports.append(_text(record["sport"]))
            size = (record["source_width"], record["source_height"])
            rows.append((clips[clip], record["frame"], record["xy"], record["visibility"], size))
        number, frame, xy, visibility, source_size = zip(*rows, strict=True) if rows else ((),) * 5
        return cls(
            clip_names=tuple(name for _, name in clips),
            sports=tuple(sports),
            clip=np.array(number, np.int32),
            frame=np.array(frame, np.int64),
            xy=np.array(xy, np.float32).reshape(-1, 2),
            visibility=np.array(visibility, np.uint8),
            source_size=np.array(source_size, np.int32).reshape(-1, 2),
        )

    def save(self, path: Path) -> None:
        """Writes an .npz file; several processes may do so at once. Raises `UserError` if it cannot be written."""
        with replacing(path) as partial:
            np.savez_compressed(partial, **vars(self))

    @classmethod
    def load(cls, path: Path) -> "FrameIndex":
        """Reads what `save` wrote; raises OSError, ValueError or KeyError for another file."""
        with np.load(path) as arrays:
            columns = {name: arrays[name] for name in cls.__dataclass_fields__}
        for name in ("clip_names", "sports"):
            columns[name] = tuple(columns[name].tolist())
        return cls(**columns)


def _text(value: str | bytes) -> str:
    """Text as it was written; TFDS reads it as bytes."""
    return value.decode() if isinstance(value, bytes) else value
