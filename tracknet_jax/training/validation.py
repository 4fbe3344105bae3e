"""Validation during training: every frame of the split once, decoded on the device, scored by the default protocol."""

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import AxisType

from tracknet_jax.data.windows.resident import ResidentFrames
from tracknet_jax.heatmaps.decoding import Peaks, decode_peaks, probability_maps
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.tracknet import TrackNet, Variables
from tracknet_jax.scoring.metrics import Counts
from tracknet_jax.scoring.protocols import outcomes, protocol, to_pixels
from tracknet_jax.training.cluster.mesh import AXIS, replicated, split
from tracknet_jax.training.cluster.processes import gather_rows
from tracknet_jax.training.train_config import EvalConfig

RULE = protocol("default")
AHEAD = 1  # batches that the devices have in hand while the next one is put together


@dataclass(frozen=True)
class ValidationClip:
    """An unbroken run of frames at the model's input size."""

    sport: str
    frames: np.ndarray  # (F, H, W, 3) uint8
    xy: np.ndarray  # (F, 2) float32 pixels of those frames, NaN where not located
    visibility: np.ndarray  # (F,) uint8
    background: np.ndarray | None = None  # (H, W, 3) uint8, for networks that want one


def validation_clips(resident: ResidentFrames) -> list[ValidationClip]:
    """The unbroken runs of frames: cut where a clip ends or frame numbers have a gap."""
    frames, index = resident.frames, resident.index
    broken = (np.diff(index.clip) != 0) | (np.diff(index.frame) != 1)
    borders = [0, *(np.flatnonzero(broken) + 1), len(index)]
    return [
        ValidationClip(
            index.sports[index.clip[a]],
            frames[a:b],
            index.xy[a:b],
            index.visibility[a:b],
            None if resident.backgrounds is None else resident.backgrounds[index.clip[a]],
        )
        for a, b in itertools.pairwise(borders)
    ]


class Scores(NamedTuple):
    """Counts of all frames and of each sport."""

    total: Counts
    sports: dict[str, Counts]

    def to_dict(self) -> dict[str, float]:
        """Numbers for the metric log: `val/f1_hit`, `val/tennis/f1_hit`, ..."""
        values = {f"val/{name}": value for name, value in self.total.to_dict().items()}
        if len(self.sports) > 1:
            for sport, counts in sorted(self.sports.items()):
                values |= {
                    f"val/{sport}/{name}": getattr(counts, name) for name in ("f1", "f1_hit", "frames")
                }
        return values


class Example(NamedTuple):
    """One frame to draw: the last frame of a window, its map, and where the ball is and was found."""

    frame: np.ndarray  # (H, W, 3) uint8
    probability: np.ndarray  # (H, W) float32
    truth: np.ndarray  # (2,) NaN where there is no located ball
    predicted: np.ndarray  # (2,) NaN where nothing was found


class Validator:
    """Scores weights on the clips of the validation split.

    Every process finds the ball in its share of the windows, on its own devices, and then counts for all of them.
    """

    def __init__(self, model: TrackNetConfig, config: EvalConfig, clips: Sequence[ValidationClip]):
        self._clips = clips
        self._config = config
        self._windows = [
            (clip, window)
            for clip in range(len(clips))
            for window in frame_windows(len(clips[clip].frames), model)
        ]
        self._model = model
        devices = jax.local_devices()
        mesh = jax.make_mesh((len(devices),), (AXIS,), devices=devices, axis_types=(AxisType.Auto,))
        self._whole = replicated(mesh)
        self._batch_size = -(-config.batch_size // len(devices)) * len(devices)
        self._predict = jax.jit(
            partial(predict, model=TrackNet(model), threshold=config.threshold),
            in_shardings=(self._whole, split(mesh)),
        )

    def scores(self, variables: Variables) -> Scores:
        """Counts by sport for (replicated) `variables`: the same on every process, to be asked by all of them."""
        count, index = jax.process_count(), jax.process_index()
        share = -(-len(self._windows) // count)  # windows of each process, fewer for the last ones
        mine = self._found(self._local(variables), self._windows[index * share : (index + 1) * share])
        everywhere = gather_rows(np.pad(mine, [(0, share - len(mine)), (0, 0), (0, 0)]))
        found = [np.full((len(clip.frames), 2), np.nan, np.float32) for clip in self._clips]
        for (number, frames), xy in zip(self._windows, everywhere, strict=False):
            found[number][frames[-self._model.outputs :]] = xy
        sports: dict[str, Counts] = {}
        for clip, xy in zip(self._clips, found, strict=True):
            sports[clip.sport] = sports.get(clip.sport, Counts()) + self._count(clip, xy)
        return Scores(sum(sports.values(), Counts()), sports)

    def _found(self, variables: Variables, windows: list) -> np.ndarray:
        """Where the ball is in the outputs of `windows`: (N, L_out, 2) pixels, NaN where none is found."""
        under_way: deque[jax.Array] = deque()
        done = [np.zeros((0, self._model.outputs, 2), np.float32)]
        for batch in self._batches(windows):
            under_way.append(self._predict(variables, self._stack(batch))[1].xy)
            if len(under_way) > AHEAD:
                done.append(np.asarray(under_way.popleft()))
        return np.concatenate([*done, *map(np.asarray, under_way)])[: len(windows)]

    def examples(self, variables: Variables, count: int) -> list[Example]:
        """`count` frames spread over the split, the same ones at every call."""
        chosen = [self._windows[i] for i in np.linspace(0, len(self._windows) - 1, count).astype(int)]
        variables = self._local(variables)
        drawn = []
        for windows in self._batches(chosen):
            maps, peaks = self._predict(variables, self._stack(windows))
            for i, (clip, frames) in enumerate(windows):
                source, last = self._clips[clip], frames[-1]
                drawn.append(
                    Example(
                        source.frames[last],
                        np.asarray(maps[i, -1]),
                        source.xy[last],
                        np.asarray(peaks.xy[i, -1]),
                    )
                )
        return drawn

    def _batches(self, windows: list) -> Iterator[list]:
        for start in range(0, len(windows), self._batch_size):
            yield windows[start : start + self._batch_size]

    def _stack(self, windows: list) -> dict[str, np.ndarray]:
        inputs = {"frames": np.stack([self._clips[clip].frames[window] for clip, window in windows])}
        if self._model.background != "none":
            inputs["background"] = np.stack([self._clips[clip].background for clip, _ in windows])
        missing = self._batch_size - len(windows)  # one batch size, one compiled program
        return {name: np.pad(x, [(0, missing), *[(0, 0)] * (x.ndim - 1)]) for name, x in inputs.items()}

    def _count(self, clip: ValidationClip, xy: np.ndarray) -> Counts:
        size = clip.frames.shape[2], clip.frames.shape[1]
        codes = outcomes(to_pixels(xy, size, RULE), to_pixels(clip.xy, size, RULE), clip.visibility, RULE)
        return Counts.from_codes(codes)

    def _local(self, variables: Variables) -> Variables:
        return jax.device_put(jax.tree.map(lambda x: x.addressable_data(0), variables), self._whole)


def predict(
    variables: Variables, inputs: dict[str, jax.Array], *, model: TrackNet, threshold: float
) -> tuple[jax.Array, Peaks]:
    """Probability maps `(B, L_out, H, W)` and decoded balls of windows `frames (B, L, H, W, 3)`.

    With `background (B, H, W, 3)` for networks that want one.
    """
    output: Any = model.apply(variables, inputs["frames"], inputs.get("background"))
    maps = probability_maps(output.logits, model.config.head)
    return maps, decode_peaks(maps, threshold)


def frame_windows(length: int, model: TrackNetConfig) -> list[np.ndarray]:
    """Frame numbers of windows that together give each of `length` frames a map.

    The windows do not overlap, but the last one is moved back to end with the clip. Shorter clips repeat their first
    frame. A network with one map a window gets a window for every frame.
    """
    step = model.outputs
    ends = [min(end, length) for end in range(step, length + step, step)]
    return [np.maximum(np.arange(end - model.frames, end), 0) for end in ends]
