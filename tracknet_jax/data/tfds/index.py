"""The index of a built dataset: of every record its clip, frame number and label, without the picture."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class FrameIndex:
    """One row a record, in the records' order."""

    clip_names: tuple[str, ...]  # one a clip, in order of appearance; two sources may have the same
    sports: tuple[str, ...]  # the same
    clip: np.ndarray  # (N,) int32, row of `clip_names`
    frame: np.ndarray  # (N,) int64, frame number in the clip
    xy: np.ndarray  # (N, 2) float32 pixels of the stored image, NaN where not located
    visibility: np.ndarray  # (N,) uint8 as in `Labels`
    source_size: np.ndarray  # (N, 2) int32, width and height of the frame before it was resized

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]]) -> "FrameIndex":
        """The index of records as the builders write them or as TFDS reads them.

        Names are unique in a dataset. Where records of several are put together each says with `source` which it
        comes from: a clip is what has the same name in the same one.
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
        """Writes an .npz, beside and then renamed; several processes may do so at once."""
        partial = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.npz")
        try:
            np.savez_compressed(partial, **vars(self))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> "FrameIndex":
        """Reads what `save` wrote; OSError, ValueError or KeyError if it is not that."""
        with np.load(path) as arrays:
            columns = {name: arrays[name] for name in cls.__dataclass_fields__}
        for name in ("clip_names", "sports"):
            columns[name] = tuple(columns[name].tolist())
        return cls(**columns)


def _text(value: str | bytes) -> str:
    """TFDS gives text back as bytes."""
    return value.decode() if isinstance(value, bytes) else value
