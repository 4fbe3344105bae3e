"""The decoders of the reference codes, on the host: one map in, one point out. They differ in the blob they choose.

Most take maps of probabilities. Those of TrackNet V1 take class maps, grey levels from 0 to 255. All answer in pixels
of the map, with the centres of pixels at whole numbers.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from scipy import ndimage

from tracknet_jax.utils.coordinates import scale_xy

EIGHT_CONNECTED = np.ones((3, 3), dtype=bool)
THRESHOLD = 0.5  # a pixel belongs to a blob if its probability is above this
CONTOUR_THRESHOLD = 128 / 255  # TrackNetV5's code takes pixels of exactly this, too
NMS_RADIUS = 2.5  # pixels; the disc that the maps are trained with
V1_SIZE = (1280, 720)  # (width, height) of the pictures in which V1's scripts look for circles


class Blob(NamedTuple):
    """A ball found in a map, in pixels of the map."""

    x: float
    y: float
    score: float  # what the decoder ranks blobs by: area of the box or polygon, sum of p, ...
    confidence: float  # largest probability in the blob


def bbox(probabilities: np.ndarray) -> Blob | None:
    """Integer centre of the component with the largest box (TrackNetV2, V3 and V4).

    Of boxes with equal area, the one whose first pixel comes last, row by row, is taken.
    """
    labels, boxes = _components(probabilities)
    best = None
    for index, (rows, columns) in enumerate(boxes, start=1):
        area = (rows.stop - rows.start) * (columns.stop - columns.start)
        if best is None or area >= best.score:
            peak = probabilities[rows, columns][labels[rows, columns] == index].max()
            # The code's int(x + w / 2), int(y + h / 2).
            x, y = (columns.start + columns.stop) // 2, (rows.start + rows.stop) // 2
            best = Blob(x, y, area, float(peak))
    return best


def contour(probabilities: np.ndarray) -> Blob | None:
    """Integer centroid of the outer contour with the largest polygon area (TrackNetV5's code).

    Pixels, lines and pure diagonals enclose no area and give nothing.
    """
    mask = (probabilities >= CONTOUR_THRESHOLD).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    moments = cv2.moments(largest)
    if moments["m00"] == 0:
        return None
    inside = cv2.drawContours(np.zeros_like(mask), [largest], 0, 1, cv2.FILLED).astype(bool)
    x, y = int(moments["m10"] / moments["m00"]), int(moments["m01"] / moments["m00"])
    return Blob(x, y, moments["m00"], float(probabilities[inside].max()))


def centroid(probabilities: np.ndarray) -> Blob | None:
    """Sub-pixel centroid of the component with the largest sum of p (WASB; ours)."""
    return _largest_sum(blobs(probabilities))


def nms(probabilities: np.ndarray) -> Blob | None:
    """Sub-pixel centroid of the disc with the largest sum of p (WASB's alternative)."""
    return _largest_sum(nms_blobs(probabilities))


def argmax(probabilities: np.ndarray) -> Blob | None:
    """The first pixel of the largest probability (asigatchov)."""
    y, x = np.unravel_index(np.argmax(probabilities), probabilities.shape)
    peak = float(probabilities[y, x])
    return Blob(int(x), int(y), peak, peak) if peak > THRESHOLD else None


def blobs(probabilities: np.ndarray) -> list[Blob]:
    """All 8-connected components with their centroids (WASB), in the order of their first pixels, row by row."""
    labels, boxes = _components(probabilities)
    found = []
    for index, box in enumerate(boxes, start=1):
        rows, columns = np.nonzero(labels[box] == index)
        found.append(_centroid(probabilities, rows + box[0].start, columns + box[1].start))
    return found


def nms_blobs(probabilities: np.ndarray) -> list[Blob]:
    """Peaks from high to low, each with the disc around it taken out of the map (WASB's alternative).

    The centroid and score of a disc use the whole map, also where an earlier disc was taken out.
    """
    remaining = probabilities.copy()
    height, width = probabilities.shape
    reach = int(NMS_RADIUS)
    found: list[Blob] = []
    while True:
        y, x = np.unravel_index(np.argmax(remaining), remaining.shape)
        if remaining[y, x] <= THRESHOLD:
            return found
        rows, columns = np.mgrid[
            max(y - reach, 0) : min(y + reach + 1, height), max(x - reach, 0) : min(x + reach + 1, width)
        ]
        near = (rows - y) ** 2 + (columns - x) ** 2 <= NMS_RADIUS**2
        found.append(_centroid(probabilities, rows[near], columns[near]))
        remaining[rows[near], columns[near]] = 0.0


def hough(class_map: np.ndarray, exactly_one: bool = True) -> Blob | None:
    """The circle in a class map `(H, W)` uint8 (TrackNet V1's accuracy script: several circles count as none).

    `exactly_one` False is the rule of V1's prediction script: the first circle, however near the next one is.
    """
    resized = cv2.resize(class_map, V1_SIZE, interpolation=cv2.INTER_LINEAR)
    circles = _circles(resized, min_distance=10 if exactly_one else 1)
    if len(circles) == 0 or (exactly_one and len(circles) > 1):
        return None
    return _circle_blob(circles[0], V1_SIZE, class_map)


def ring(class_map: np.ndarray) -> Blob | None:
    """The first circle in a class map `(H, W)` uint8, as yastrebksv's code finds it.

    That code multiplies the class by 255 in uint8, so class v becomes -v mod 256 and the circle is fitted to the ring
    of the classes 1 to 128 around the peak. It doubles what it finds. A circle at x = 0 counts as none.
    """
    height, width = class_map.shape
    circles = _circles((class_map.astype(np.uint16) * 255).astype(np.uint8), min_distance=1)
    if len(circles) == 0 or circles[0][0] == 0:
        return None
    return _circle_blob(2 * circles[0], (2 * width, 2 * height), class_map)


# Decoders of maps of probabilities (H, W) in [0, 1], and of class maps (H, W) uint8.
MAP_DECODERS: dict[str, Callable[[np.ndarray], Blob | None]] = {
    "bbox": bbox,
    "contour": contour,
    "centroid": centroid,
    "nms": nms,
    "argmax": argmax,
}
CLASS_DECODERS: dict[str, Callable[[np.ndarray], Blob | None]] = {"hough": hough, "ring": ring}


def decode_maps(maps: np.ndarray, decoder: str) -> tuple[np.ndarray, np.ndarray]:
    """Decodes maps `(..., H, W)` with a decoder of `MAP_DECODERS` or, class maps, of `CLASS_DECODERS`.

    Returns xy `(..., 2)` float32 in map pixels, NaN where there is no ball, and confidence `(...)`, 0 there.
    """
    decode = (MAP_DECODERS | CLASS_DECODERS)[decoder]
    lead = maps.shape[:-2]
    xy = np.full((*lead, 2), np.nan, np.float32)
    confidence = np.zeros(lead, np.float32)
    for index in np.ndindex(lead):
        blob = decode(maps[index])
        if blob is not None:
            xy[index], confidence[index] = (blob.x, blob.y), blob.confidence
    return xy, confidence


def _components(probabilities: np.ndarray) -> tuple[np.ndarray, list[tuple[slice, slice]]]:
    """Labels `(H, W)` of the 8-connected components and their boxes, in the order of their first pixels."""
    labels, _ = ndimage.label(probabilities > THRESHOLD, EIGHT_CONNECTED)
    return labels, ndimage.find_objects(labels)


def _centroid(probabilities: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> Blob:
    """The blob made of the given pixels, weighted by p."""
    values = probabilities[rows, columns]
    weights = values.astype(np.float64)
    total = weights.sum()
    x, y = (columns * weights).sum() / total, (rows * weights).sum() / total
    return Blob(float(x), float(y), float(total), float(values.max()))


def _largest_sum(found: list[Blob]) -> Blob | None:
    """The blob of the highest score, the first one if several share it."""
    return max(found, key=lambda blob: blob.score, default=None)


def _circles(grey: np.ndarray, min_distance: float) -> np.ndarray:
    """Circles `(N, 3)` of x, y, radius in the levels above 127, with the parameters of TrackNet V1's scripts."""
    circles = cv2.HoughCircles(
        np.where(grey > 127, 255, 0).astype(np.uint8),
        cv2.HOUGH_GRADIENT,
        dp=1,
        minDist=min_distance,
        param1=50,
        param2=2,
        minRadius=2,
        maxRadius=7,
    )
    return np.empty((0, 3)) if circles is None else circles.reshape(-1, circles.shape[-1])[:, :3]


def _circle_blob(circle: np.ndarray, size: tuple[int, int], class_map: np.ndarray) -> Blob:
    """A circle in a picture of `size` (width, height) as a blob; its confidence is the largest class over 255."""
    x, y, radius = circle.tolist()
    x, y = scale_xy(np.array([x, y]), size, class_map.shape[::-1]).tolist()
    return Blob(x, y, radius, float(class_map.max()) / 255)
