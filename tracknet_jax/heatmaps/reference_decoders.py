"""The references' heatmap decoders on the host: one map in, one point out, each choosing its own blob.

Most take probabilities; V1's take its class maps, the grey levels 0 ... 255.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from scipy import ndimage

from tracknet_jax.utils.coordinates import scale_xy

EIGHT_CONNECTED = np.ones((3, 3), dtype=bool)
V1_SIZE = (1280, 720)  # (width, height) of the videos of TrackNet V1, in whose pixels its scripts answer
NMS_RADIUS = 2.5  # pixels; the disc the maps are trained with


class Blob(NamedTuple):
    """One detection in map pixels (centres at whole numbers)."""

    x: float
    y: float
    score: float  # what the decoder ranks blobs by: box area, polygon area, sum of p, ...
    confidence: float  # largest probability in the blob


def _components(mask: np.ndarray) -> tuple[np.ndarray, list[tuple[slice, slice]]]:
    """Labels `(H, W)` of the 8-connected components and their boxes, in order of the first raster pixel."""
    labels, _ = ndimage.label(mask, EIGHT_CONNECTED)
    return labels, ndimage.find_objects(labels)


def _box_centre(box: tuple[slice, slice]) -> tuple[int, int]:
    """`int(x + w/2), int(y + h/2)` of a box."""
    rows, columns = box
    return (columns.start + columns.stop) // 2, (rows.start + rows.stop) // 2


def bbox(probabilities: np.ndarray, threshold: float = 0.5) -> Blob | None:
    """Integer centre of the component with the largest box (TrackNetV2, V3 and V4).

    Boxes of equal area: the component whose first raster pixel comes last wins.
    """
    labels, boxes = _components(probabilities > threshold)
    best = None
    for index, box in enumerate(boxes, start=1):
        area = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
        if best is None or area >= best.score:
            peak = probabilities[box][labels[box] == index].max()
            best = Blob(*_box_centre(box), area, float(peak))
    return best


def contour(probabilities: np.ndarray, threshold: float = 128 / 255) -> Blob | None:
    """Integer centroid of the outer contour with the largest polygon area (TrackNetV5's code).

    The map is cut at p >= `threshold`. Pixels, lines and pure diagonals enclose no area and give nothing.
    """
    mask = (probabilities >= threshold).astype(np.uint8)
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


def blobs(probabilities: np.ndarray, threshold: float = 0.5, weighted: bool = True) -> list[Blob]:
    """All 8-connected components with their centroids (WASB), in order of the first raster pixel.

    `weighted`: centroid and score are sums of p; otherwise plain means and the number of pixels.
    """
    labels, boxes = _components(probabilities > threshold)
    found = []
    for index, box in enumerate(boxes, start=1):
        rows, columns = np.nonzero(labels[box] == index)
        found.append(_centroid(probabilities, rows + box[0].start, columns + box[1].start, weighted))
    return found


def nms_blobs(
    probabilities: np.ndarray, threshold: float = 0.5, weighted: bool = True, radius: float = NMS_RADIUS
) -> list[Blob]:
    """Peaks in falling order, each with the disc around it taken out of the map (WASB's alternative).

    A disc's centroid and score use the untouched map, also where an earlier disc was already taken out.
    """
    remaining = probabilities.copy()
    height, width = probabilities.shape
    reach = int(radius)
    found: list[Blob] = []
    while True:
        y, x = np.unravel_index(np.argmax(remaining), remaining.shape)
        if remaining[y, x] <= threshold:
            return found
        rows, columns = np.mgrid[
            max(y - reach, 0) : min(y + reach + 1, height), max(x - reach, 0) : min(x + reach + 1, width)
        ]
        near = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
        found.append(_centroid(probabilities, rows[near], columns[near], weighted))
        remaining[rows[near], columns[near]] = 0.0


def _centroid(probabilities: np.ndarray, rows: np.ndarray, columns: np.ndarray, weighted: bool) -> Blob:
    """The blob made of the given pixels."""
    values = probabilities[rows, columns]
    weights = values.astype(np.float64) if weighted else np.ones(len(rows))
    total = weights.sum()
    x, y = (columns * weights).sum() / total, (rows * weights).sum() / total
    return Blob(float(x), float(y), float(total), float(values.max()))


def _strongest(candidates: list[Blob]) -> Blob | None:
    """The blob of the highest score, the first one if several share it."""
    return max(candidates, key=lambda blob: blob.score, default=None)


def centroid(probabilities: np.ndarray, threshold: float = 0.5) -> Blob | None:
    """Sub-pixel centroid of the component with the largest sum of p (WASB; ours)."""
    return _strongest(blobs(probabilities, threshold))


def nms(probabilities: np.ndarray, threshold: float = 0.5) -> Blob | None:
    """Sub-pixel centroid of the strongest disc (WASB's alternative)."""
    return _strongest(nms_blobs(probabilities, threshold))


def argmax(probabilities: np.ndarray, threshold: float = 0.5) -> Blob | None:
    """The first pixel of the largest probability, if that exceeds `threshold` (asigatchov)."""
    y, x = np.unravel_index(np.argmax(probabilities), probabilities.shape)
    peak = float(probabilities[y, x])
    return Blob(int(x), int(y), peak, peak) if peak > threshold else None


def hough_circles(mask: np.ndarray, min_distance: float) -> np.ndarray:
    """Circles `(N, 3)` of x, y, radius in a 0/255 mask, with the parameters of TrackNet V1's scripts."""
    circles = cv2.HoughCircles(
        mask,
        cv2.HOUGH_GRADIENT,
        dp=1,
        minDist=min_distance,
        param1=50,
        param2=2,
        minRadius=2,
        maxRadius=7,
    )
    return np.empty((0, 3)) if circles is None else circles.reshape(-1, circles.shape[-1])[:, :3]


def hough(class_map: np.ndarray, size: tuple[int, int] = V1_SIZE, exactly_one: bool = True) -> Blob | None:
    """The circle in a class map `(H, W)` uint8 (TrackNet V1), in pixels of `size` = (width, height).

    `exactly_one` is the accuracy script's rule: circles 10 px apart, and several count as none. Without it:
    the prediction script's first circle.
    """
    resized = cv2.resize(class_map, size, interpolation=cv2.INTER_LINEAR)
    mask = np.where(resized > 127, 255, 0).astype(np.uint8)
    circles = hough_circles(mask, min_distance=10 if exactly_one else 1)
    if len(circles) == 0 or (exactly_one and len(circles) > 1):
        return None
    return _circle(circles[0], class_map)


def ring(class_map: np.ndarray) -> Blob | None:
    """The first circle of yastrebksv's code, in pixels of twice the map.

    That code multiplies the class by 255 in uint8, so class v becomes -v mod 256 and the circle is fitted to
    the ring of classes 1 to 128 around the peak. A circle at x = 0 counts as none.
    """
    wrapped = (class_map.astype(np.uint16) * 255).astype(np.uint8)
    circles = hough_circles(np.where(wrapped > 127, 255, 0).astype(np.uint8), min_distance=1)
    if len(circles) == 0 or circles[0][0] == 0:
        return None
    return _circle(circles[0] * 2, class_map)


def _circle(circle: np.ndarray, class_map: np.ndarray) -> Blob:
    """A Hough circle as a blob; the confidence is the map's largest class as a fraction."""
    x, y, radius = (float(value) for value in circle)
    return Blob(x, y, radius, float(class_map.max()) / 255)


# Decoders of probability maps (H, W) in [0, 1] that answer in pixels of the map.
MAP_DECODERS: dict[str, Callable[[np.ndarray], Blob | None]] = {
    "bbox": bbox,
    "contour": contour,
    "centroid": centroid,
    "nms": nms,
    "argmax": argmax,
}


def _hough_in_map(class_map: np.ndarray) -> Blob | None:
    return _rescaled(hough(class_map), V1_SIZE, class_map)


def _ring_in_map(class_map: np.ndarray) -> Blob | None:
    height, width = class_map.shape
    return _rescaled(ring(class_map), (2 * width, 2 * height), class_map)


def _rescaled(blob: Blob | None, size: tuple[int, int], class_map: np.ndarray) -> Blob | None:
    """A blob in a picture of `size` (width, height) as one in pixels of the map."""
    if blob is None:
        return None
    height, width = class_map.shape
    x, y = scale_xy(np.array([blob.x, blob.y]), size, (width, height)).tolist()
    return blob._replace(x=x, y=y)


# Decoders of class maps (H, W) uint8, those of V1's accuracy scripts; in pixels of the map, too.
CLASS_DECODERS: dict[str, Callable[[np.ndarray], Blob | None]] = {
    "hough": _hough_in_map,
    "ring": _ring_in_map,
}


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
