"""Counting as V1, V2, V4 and V5 do: every output of every stride-1 window, found with the paper's own decoder."""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from tracknet_jax.evaluation.clip_score import ClipScore, score_frames
from tracknet_jax.evaluation.footage import Footage, check_labels
from tracknet_jax.heatmaps.decoding import class_maps, probability_maps
from tracknet_jax.heatmaps.reference_decoders import CLASS_DECODERS, decode_maps
from tracknet_jax.releases.release import Release
from tracknet_jax.scoring.protocols import Protocol
from tracknet_jax.tracking.detector import window_logits
from tracknet_jax.tracking.prepared_video import PreparedVideo, View, prepare
from tracknet_jax.tracking.windows import chunks
from tracknet_jax.utils.coordinates import scale_xy
from tracknet_jax.utils.threads import Prefetch
from tracknet_jax.video.readers import GivenFrames


@partial(jax.jit, static_argnames=("model", "length", "decoder"))
def window_maps(
    model: Any,
    variables: dict,
    frames: jax.Array,
    starts: jax.Array,
    background: jax.Array | None,
    *,
    length: int,
    decoder: str,
) -> jax.Array:
    """Maps (batch, outputs, H, W) of windows as `decoder` takes them: V1's classes, or probabilities."""
    logits = window_logits(model, variables, frames, starts, background, length=length)
    return class_maps(logits) if decoder in CLASS_DECODERS else probability_maps(logits, model.config.head)


class _Part(NamedTuple):
    """Outputs of a batch of windows: which of the clip's frames, where in network pixels, how sure."""

    frames: int  # new frames in this batch
    position: np.ndarray  # (n,)
    xy: np.ndarray  # (n, 2)
    confidence: np.ndarray  # (n,)


def score_windows(footage: Footage, release: Release, rule: Protocol, batch: int = 8) -> ClipScore:
    """Scores a release on all windows of a labelled clip; a frame counts once for each window that holds it.

    Frames are stretched to the network's input, as in the references. A clip shorter than a window has none.
    `footage.windows` can choose some of them.

    Raises:
        UserError: the clip's frames cannot be read, or labels lie beyond them.
    """
    config = release.config
    network = (config.width, config.height)
    view = View(config.name, network, "stretch", config.background)
    video = prepare(view, GivenFrames(footage.frames(), footage.size, anew=footage.frames))
    parts = list(_decoded_windows(video, release, rule.decoder, batch, footage.windows))
    xy = np.concatenate([part.xy for part in parts])
    confidence = np.concatenate([part.confidence for part in parts])
    numbers = footage.numbers(sum(part.frames for part in parts))
    check_labels(footage, numbers)
    frame = numbers[np.concatenate([part.position for part in parts])]
    # Whole network pixels stay whole: the references' distances are often exactly the tolerance.
    pixels = scale_xy(xy, network, rule.size or footage.size)
    return score_frames(footage, rule, frame, video.placement.to_source(xy), confidence, pixels)


def _decoded_windows(
    video: PreparedVideo,
    release: Release,
    decoder: str,
    batch: int,
    starts: np.ndarray | None,
) -> Iterator[_Part]:
    """Runs and decodes the windows, a batch at a time: those that begin at `starts`, None: all."""
    length, outputs = release.config.frames, release.config.outputs
    variables, background = jax.device_put((release.variables, video.background))
    maps_of = partial(window_maps, release.model, variables, length=length, decoder=decoder)
    with Prefetch(chunks(video, length, batch)) as pieces:
        for chunk in pieces:
            # Window i of a chunk ends in its i-th new frame; the first would begin before the first frame.
            ends = chunk.first + np.arange(batch)
            whole = (ends >= length - 1) & (ends < chunk.first + len(chunk.frames))
            if starts is not None:
                whole &= np.isin(ends - (length - 1), starts)
            maps = maps_of(chunk.images, np.arange(batch), background)
            xy, confidence = decode_maps(np.asarray(maps)[whole], decoder)
            position = ends[whole, None] + np.arange(1 - outputs, 1)
            yield _Part(len(chunk.frames), position.reshape(-1), xy.reshape(-1, 2), confidence.reshape(-1))
