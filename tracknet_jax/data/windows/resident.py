"""The decoded frames of a training set as one uint8 array.

Frames are decoded once into a flat file beside the run and mapped from there, so a resumed run starts at once.
On a CPU the device array is that mapping itself; on an accelerator it is copied to the device's memory.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tracknet_jax.data.clips import Clip
from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.data.tfds.records import Record, decode_jpeg
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.threads import map_in_threads


@dataclass(frozen=True)
class ResidentFrames:
    """Decoded frames `(N, H, W, 3)` uint8, mapped from disk, and what is known of each.

    `backgrounds (C, H, W, 3)` uint8: one for each of the index' C clips, for networks that want one.
    """

    frames: np.ndarray
    index: FrameIndex
    backgrounds: np.ndarray | None = None

    def image(self, i: int) -> np.ndarray:
        """Frame `i`, (H, W, 3) uint8 RGB."""
        return self.frames[i]


def fingerprint(clips: Sequence[Clip], size: tuple[int, int]) -> str:
    """A digest of the clips' files and labels and of the stored size: other frames have another digest."""
    digest = hashlib.sha256(repr(size).encode())
    for clip in clips:
        files = (clip.frames,) if isinstance(clip.frames, Path) else clip.frames
        stats = [(file.name, (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files]
        digest.update(repr((clip.name, clip.sport, stats)).encode())
        if clip.labels is not None:
            for column in (clip.labels.frame, clip.labels.xy, clip.labels.visibility):
                digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def keep_frames(
    records: Iterable[Record], folder: Path, digest: str, workers: int | None = None
) -> ResidentFrames:
    """Decodes the records into `folder`, unless it already holds the frames of `digest`, and maps them.

    `workers` pictures are decoded at a time; None: one a core, 8 at most. Raises `UserError` if there is no record,
    the frames differ in size, or the disk is full.
    """
    about_file, frames_file, index_file = folder / "frames.json", folder / "frames.u8", folder / "index.npz"
    try:
        about = json.loads(about_file.read_text())
    except (OSError, ValueError):
        about = {}
    if about.get("digest") != digest:
        about_file.unlink(missing_ok=True)
        with replacing(frames_file) as partial:
            labels, shape = _write_frames(records, partial, workers or min(os.cpu_count() or 1, 8))
        FrameIndex.of(labels).save(index_file)
        about = {"digest": digest, "shape": shape}
        with replacing(about_file) as partial:  # last: if it is there, the other two are whole
            partial.write_text(json.dumps(about))
    frames = np.memmap(frames_file, np.uint8, "r", shape=tuple(about["shape"]))
    return ResidentFrames(frames, FrameIndex.load(index_file))


def _write_frames(records: Iterable[Record], path: Path, workers: int) -> tuple[list[Record], list[int]]:
    labels: list[Record] = []
    shape: tuple[int, ...] = ()
    with open(path, "wb") as file:
        for record, frame in map_in_threads(_decoded, records, workers):
            shape = shape or frame.shape
            if frame.shape != shape:
                raise UserError(f"clip {record['clip']}: its frames are {frame.shape}, those before {shape}")
            file.write(frame.tobytes())
            labels.append({name: value for name, value in record.items() if name != "image"})
        file.flush()
        os.fsync(file.fileno())
    if not labels:
        raise UserError("no frame to train on: the split is empty")
    return labels, [len(labels), *shape]


def _decoded(record: Record) -> tuple[Record, np.ndarray]:
    return record, decode_jpeg(record["image"])
