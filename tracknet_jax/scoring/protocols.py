"""The evaluation rules of each paper and code base, as data."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tracknet_jax.data.clips import CLEAR, HARD, NO_BALL, OCCLUDED
from tracknet_jax.scoring.metrics import FN, FP1, FP2, IGNORED, TN, TP, distances
from tracknet_jax.utils.coordinates import scale_xy
from tracknet_jax.utils.errors import UserError

NETWORK = (512, 288)  # width, height of the maps of V2 to V5
DISC = np.array([(x, y) for y in range(-2, 3) for x in range(-2, 3) if x * x + y * y <= 2.5**2])


@dataclass(frozen=True)
class Protocol:
    """How frames are scored.

    Attributes:
        tolerance, strict: a ball is found within `tolerance` pixels; `strict`: not at exactly that distance.
        size: (width, height) of the picture whose pixels are meant; None: those of the source.
        reference: what a prediction is compared with: the `label` in float, the `int_label` (cut to whole
            pixels of `size`), or the `box_centre` of the r 2.5 disc drawn at that whole pixel.
        counting: every frame once, or every output of every stride-1 window (a frame counts up to L times).
        recall: which recall and F1 the source quotes: `all` (a wrong place is a miss) or `hit`.
        occluded: what a frame with an occluded ball is: a visible ball, no ball, or ignored.
        unlocated: what a frame is whose ball is there but has no position: ignored; or `nowhere` (TrackNetV5's code):
            whatever is found is false, nothing found is a miss.
        decoder: heatmap decoder of `reference_decoders`, see `evaluation.score_release`.
        source: where the rule comes from.
    """

    tolerance: float
    strict: bool = False
    size: tuple[int, int] | None = NETWORK
    reference: Literal["label", "int_label", "box_centre"] = "label"
    counting: Literal["frames", "windows"] = "frames"
    recall: Literal["all", "hit"] = "hit"
    occluded: Literal["visible", "invisible", "ignore"] = "visible"
    unlocated: Literal["ignore", "nowhere"] = "ignore"
    decoder: str = "centroid"
    source: str = ""

    @property
    def unit(self) -> str:
        """The tolerance in words."""
        where = "source" if self.size is None else f"{self.size[0]}x{self.size[1]}"
        return f"{'<' if self.strict else '<='} {self.tolerance:g} px at {where}"


PROTOCOLS: dict[str, Protocol] = {
    "default": Protocol(
        tolerance=4,
        recall="all",
        source="TrackNet-JAX: every frame once, float labels, unlocated balls left out",
    ),
    "tracknet_v1": Protocol(
        tolerance=5, size=(1280, 720), recall="all", decoder="hough", source="TrackNet V1, official code"
    ),
    "yastrebksv": Protocol(
        tolerance=5, strict=True, size=(1280, 720), recall="all", decoder="ring", source="yastrebksv/TrackNet"
    ),
    "tracknet_v2": Protocol(
        tolerance=4,
        reference="box_centre",
        counting="windows",
        decoder="bbox",
        source="TrackNetV2, 3-in-3-out",
    ),
    "tracknet_v3": Protocol(
        tolerance=4, reference="box_centre", decoder="bbox", source="qaz812345/TrackNetV3, heatmap path"
    ),
    "tracknet_v4": Protocol(
        tolerance=4,
        reference="box_centre",
        counting="windows",
        decoder="bbox",
        source="TrackNetV4/TrackNetV4",
    ),
    "tracknet_v5": Protocol(
        tolerance=4,
        strict=True,
        reference="int_label",
        counting="windows",
        unlocated="nowhere",
        decoder="contour",
        source="codelancera-offical/TracknetV5",
    ),
    "wasb": Protocol(tolerance=4, strict=True, size=None, occluded="invisible", source="nttcom/WASB-SBDT"),
    "chgyglin": Protocol(
        tolerance=3,
        reference="box_centre",
        counting="windows",
        decoder="bbox",
        source="ChgygLin/TrackNetV2-pytorch",
    ),
    "chang": Protocol(
        tolerance=5,
        reference="box_centre",
        decoder="bbox",
        source="Chang-Chia-Chi/TrackNet-Badminton-Tracking-tensorflow2",
    ),
    "asigatchov": Protocol(
        tolerance=4, reference="int_label", decoder="argmax", source="asigatchov/TrackNetV4-PyTorch"
    ),
}


def protocol(name: str) -> Protocol:
    """A protocol by name; `UserError` with the list of names for any other."""
    if name not in PROTOCOLS:
        raise UserError(f"unknown protocol {name!r}: choose from {', '.join(sorted(PROTOCOLS))}")
    return PROTOCOLS[name]


def reference_points(xy: np.ndarray, size: tuple[int, int], rule: Protocol) -> np.ndarray:
    """What predictions are compared with under `rule`, `(N, 2)` in its pixels.

    Args:
        xy: `(N, 2)` labels in source pixels (centres at whole numbers), NaN where not located.
        size: (width, height) of the source.
        rule: its whole-pixel references scale without the half-pixel shift and then truncate, as the code of
            their source does; each axis has its own ratio (V2 uses one, the same for 16:9 sources).
    """
    xy = np.asarray(xy, np.float64)
    if rule.reference == "label":
        return to_pixels(xy, size, rule)
    pixels = np.trunc(xy * np.divide(rule.size or size, size))
    return pixels if rule.reference == "int_label" else disc_box_centres(pixels, rule.size or size)


def to_pixels(xy: np.ndarray, size: tuple[int, int], rule: Protocol) -> np.ndarray:
    """Points `(N, 2)` of a picture of `size` = (width, height) in the pixels of `rule`, in float."""
    return scale_xy(np.asarray(xy, np.float64), size, rule.size or size)


def disc_box_centres(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Centres of the boxes around r 2.5 discs drawn at whole `pixels` `(N, 2)` of a map of `size`.

    `int(x + w/2), int(y + h/2)` as the references decode their own target maps: the pixel itself, but for
    discs that the map's border cuts; NaN where nothing of the disc lies in the map.
    """
    drawn = pixels[:, None] + DISC
    inside = ((drawn >= 0) & (drawn < np.asarray(size))).all(-1, keepdims=True)
    low = np.where(inside, drawn, np.inf).min(1)
    high = np.where(inside, drawn, -np.inf).max(1)
    low, high = (np.where(inside.any(1), edge, np.nan) for edge in (low, high))
    return np.floor((low + high + 1) / 2)


def outcomes(predicted: np.ndarray, truth: np.ndarray, visibility: np.ndarray, rule: Protocol) -> np.ndarray:
    """Outcome of each frame under `rule`, `(N,)` uint8: TP, TN, FP1, FP2, FN = 0..4, or 255 where it is ignored.

    Args:
        predicted: `(N, 2)` x, y in the pixels of `rule`, NaN where no ball was found.
        truth: `(N, 2)` reference points in the same pixels, NaN where the ball is not located.
        visibility: `(N,)` classes of `data.clips`; a frame of the class 255, unlabelled, is ignored.
        rule: the protocol.
    """
    found = np.isfinite(predicted).all(-1)
    located = np.isfinite(truth).all(-1)
    occluded = visibility == OCCLUDED
    ball = (visibility == CLEAR) | (visibility == HARD) | (occluded & (rule.occluded == "visible"))
    no_ball = (visibility == NO_BALL) | (occluded & (rule.occluded == "invisible"))
    distance = distances(predicted, truth)
    near = distance < rule.tolerance if rule.strict else distance <= rule.tolerance
    return np.select(
        [no_ball, ball & located, ball & (rule.unlocated == "nowhere")],
        [np.where(found, FP2, TN), np.where(found, np.where(near, TP, FP1), FN), np.where(found, FP2, FN)],
        IGNORED,
    ).astype(np.uint8)
