"""The device-resident pipeline: all frames of a training set as one uint8 array, windows drawn inside the step.

Frames are decoded once into a flat file beside the run and mapped from there, so a resumed run starts at once.
On a CPU the device array is that mapping itself; on an accelerator it is copied to the device's memory.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tracknet_jax.data.clips import UNLABELLED, Clip
from tracknet_jax.data.hard_examples import clip_factors
from tracknet_jax.data.published_splits import random_windows
from tracknet_jax.data.tfds.index import FrameIndex
from tracknet_jax.data.tfds.records import Record, decode_jpeg
from tracknet_jax.data.windows.frame_windows import window_starts
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.threads import map_in_threads

Take = Callable[[jax.Array, jax.Array, int], jax.Array]  # (frames, starts, length) -> (B, length, H, W, 3)


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
    """A digest of the clips' files, labels and the stored size: another digest means other frames."""
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

    `workers` pictures are decoded at a time, None: as many as there are cores, 8 at most. Raises `UserError` when
    there is no record, the frames differ in size, or the disk is full.
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
        with replacing(about_file) as partial:  # last: it vouches for the other two
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


def window_arrays(resident: ResidentFrames, table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What `draw_windows` draws from: the frames, what is known of them, and their `draw_table`.

    `frames (N, H, W, 3)`, `xy (N, 2)`, `visibility (N,)`; where there are backgrounds, `backgrounds (C, H, W, 3)`
    and each frame's row of them, `clip (N,)`.
    """
    index = resident.index
    arrays = {"frames": resident.frames, "xy": index.xy, "visibility": index.visibility, **table}
    if resident.backgrounds is not None:
        arrays |= {"backgrounds": resident.backgrounds, "clip": index.clip}
    return arrays


def draw_table(
    index: FrameIndex,
    length: int,
    stride: int = 1,
    sport_weights: dict[str, float] | None = None,
    random_split: bool = False,
    hard_examples: str | None = None,
    hard_share: float = 0.5,
) -> dict[str, np.ndarray]:
    """Which windows are drawn, and how often.

    `starts (S,)`, the first frames of all windows of `length` frames, `stride` apart, that cross no clip and bridge
    no gap; `cumulative (S,)`, the distribution they are drawn from. A sport's windows share its weight. Weights of
    sports that are not there do not count; with none left all windows are drawn alike. `random_split`: only the
    training part of `random_windows`. `hard_examples`, `hard_share`: a file of scores by which clips of a sport are
    drawn more or less often, see `clip_factors`. Raises `UserError` when there is no window, when only some of the
    sports have a weight, or when weights are no distribution: negative, not finite, or all 0.
    """
    starts = _random_part(index, length) if random_split else window_starts(index, length, stride, 1)
    if not len(starts):
        raise UserError(f"no clip of the training split has {length} frames in a row")
    clips = index.clip[starts]
    factors = np.ones(len(starts))
    if hard_examples:
        names = list(zip(index.clip_names, index.sports, strict=True))
        factors = clip_factors(hard_examples, names, hard_share)[clips]
    sports = np.array(index.sports)[clips]
    weights = _draw_weights(sports, factors, sport_weights or {})
    if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.any()):
        raise UserError(
            f"data.sport-weights {sport_weights}, data.hard-share {hard_share}: they give no distribution over the "
            f"windows of {', '.join(sorted(set(sports.tolist())))}; weights must be 0 or more, one of a sport that is "
            "there above 0, and the share between 0 and 1"
        )
    cumulative = (np.cumsum(weights) / weights.sum()).astype(np.float32)
    return {"starts": starts.astype(np.int32), "cumulative": cumulative}


def _random_part(index: FrameIndex, length: int) -> np.ndarray:
    """The training part of all windows; every frame needs a label, or scoring would count other windows."""
    if (index.visibility == UNLABELLED).any():
        raise UserError("data.split_by triplet_random: a frame has no label; split by match or clip")
    starts = window_starts(index, length, 1, 1)
    return starts[random_windows(len(starts), "train")]


def _draw_weights(sports: np.ndarray, factors: np.ndarray, sport_weights: dict[str, float]) -> np.ndarray:
    """Weight of each window, given its sport and how much it counts among those of its sport."""
    present = set(sports.tolist())
    if not present & sport_weights.keys():
        return _or_ones(factors)
    unweighted = sorted(present - sport_weights.keys())
    if unweighted:
        raise UserError(
            f"data.sport-weights: no weight for {unweighted[0]!r}, which has training clips; give one"
        )
    weights = np.empty(len(sports))
    for sport in present:
        mine = sports == sport
        parts = _or_ones(factors[mine])
        weights[mine] = sport_weights[sport] * parts / parts.sum()
    return weights


def _or_ones(factors: np.ndarray) -> np.ndarray:
    """Factors that are all 0, as where no clip of a sport has an error, tell nothing: the windows are drawn alike."""
    return factors if factors.any() else np.ones(len(factors))


def draw_windows(
    arrays: dict[str, Any], keys: jax.Array, *, length: int, take: Take | None = None
) -> dict[str, jax.Array]:
    """One window a key from `window_arrays`, jittable and stateless.

    A batch of `frames`, `xy` and `visibility`, and of `background` where there are any. `take` reads the frames,
    `take_windows` unless they lie on several devices.
    """
    starts = jax.vmap(partial(draw_start, arrays["starts"], arrays["cumulative"]))(keys)
    batch = {name: take_windows(arrays[name], starts, length) for name in ("xy", "visibility")}
    batch["frames"] = (take or take_windows)(arrays["frames"], starts, length)
    if "backgrounds" in arrays:
        batch["background"] = arrays["backgrounds"][arrays["clip"][starts]]
    return batch


def take_windows(rows: jax.Array, starts: jax.Array, length: int) -> jax.Array:
    """The `length` rows from each of `starts (B,)` on: `(B, length, ...)`."""
    return jax.vmap(lambda start: jax.lax.dynamic_slice_in_dim(rows, start, length))(starts)


def draw_start(starts: jax.Array, cumulative: jax.Array, key: jax.Array) -> jax.Array:
    """The first frame () of the window that belongs to a key."""
    place = jnp.searchsorted(cumulative, jax.random.uniform(key), side="right")
    return starts[jnp.minimum(place, starts.shape[0] - 1)]


def windows_of(arrays: dict[str, Any], keys: jax.Array, *, length: int) -> dict[str, np.ndarray]:
    """The batch of `draw_windows`, put together on the host from arrays that are there."""
    draw = partial(draw_start, jnp.asarray(arrays["starts"]), jnp.asarray(arrays["cumulative"]))
    starts = np.asarray(jax.vmap(draw)(keys))
    frames = starts[:, None] + np.arange(length)
    batch = {name: np.asarray(arrays[name])[frames] for name in ("frames", "xy", "visibility")}
    if "backgrounds" in arrays:
        batch["background"] = arrays["backgrounds"][arrays["clip"][starts]]
    return batch
