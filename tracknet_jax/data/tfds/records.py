"""What a built dataset holds: one record a frame, its picture as JPEG and its label."""

import os
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from tracknet_jax.data.clips import UNLABELLED, Clip, Labels
from tracknet_jax.data.inspection.label_checks import outside_frame, raise_first, without_frame
from tracknet_jax.utils.coordinates import scale_xy
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.threads import prefetch_in_order
from tracknet_jax.video.frames import decode_frames, frame_numbers, frame_rate, resize

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

Size = tuple[int, int]  # (width, height)
Record = dict[str, Any]

DEFAULT_SIZE: Size = (512, 288)
JPEG_QUALITY = 95
FRAMES_AHEAD = 256  # encoded frames of a clip that may wait for the writer


def frame_features(size: Size | None = DEFAULT_SIZE) -> "tfds.features.FeaturesDict":
    """The TFDS features of a record; `size` of the stored images, None keeps each clip's own."""
    import tensorflow_datasets as tfds  # folders of clips are trained on without it

    width, height = size or (None, None)
    features = tfds.features
    return features.FeaturesDict(
        {
            "clip": features.Text(doc="name of the clip, unique in the dataset"),
            "sport": features.Text(doc="tennis, badminton, padel, or empty"),
            "frame": features.Scalar(np.int64, doc="frame number in the clip, from 0"),
            "image": features.Image(shape=(height, width, 3), encoding_format="jpeg"),
            "xy": features.Tensor(
                shape=(2,), dtype=np.float32, doc="ball in pixels of the stored image, NaN if not located"
            ),
            "visibility": features.Scalar(
                np.uint8, doc="0 no ball, 1 clear, 2 hard to see, 3 occluded, 255 unlabelled"
            ),
            "source_width": features.Scalar(np.int32),
            "source_height": features.Scalar(np.int32),
            "fps": features.Text(doc="frames a second as a fraction, empty if unknown"),
        }
    )


def generate_examples(
    clips: Sequence[Clip], size: Size | None = DEFAULT_SIZE, workers: int | None = None
) -> Iterator[tuple[int, Record]]:
    """Key and record of every frame of every clip, in order; `workers` clips are decoded at a time.

    Raises:
        UserError: a frame does not decode, a label lies outside of its frame, or its frame is not there.
    """
    parts = (clip_records(clip, size) for clip in clips)
    workers = workers or min(os.cpu_count() or 1, 8)
    return enumerate(prefetch_in_order(parts, workers=workers, ahead=FRAMES_AHEAD))


def clip_records(clip: Clip, size: Size | None = DEFAULT_SIZE) -> Iterator[Record]:
    """The records of a clip whose frames are files."""
    yield from frame_records(
        clip.name,
        decode_frames(clip.frames),
        clip.labels,
        sport=clip.sport,
        fps=frame_rate(clip.frames),
        size=size,
        numbers=None if not isinstance(clip.frames, tuple) else frame_numbers(clip.frames, len(clip.frames)),
    )


def frame_records(
    name: str,
    frames: Iterable[np.ndarray],
    labels: Labels | None,
    *,
    sport: str = "",
    fps: Fraction | None = None,
    size: Size | None = DEFAULT_SIZE,
    numbers: Sequence[int] | None = None,
) -> Iterator[Record]:
    """The records of one clip, wherever its frames come from.

    Args:
        name: of the clip, unique in the dataset.
        frames: (H, W, 3) uint8 RGB, all of one size.
        labels: in pixels of these frames; None leaves every frame unlabelled.
        sport: stored with each record.
        fps: frames a second, None if unknown.
        size: (width, height) to store; None keeps the frames' own.
        numbers: frame numbers where they are not 0, 1, 2 ...

    Raises:
        UserError: a label lies outside of its frame, or its frame is not there.
    """
    labels = labels or Labels.none()
    row_of = {int(frame): row for row, frame in enumerate(labels.frame)}
    count = 0
    for count, frame in enumerate(frames, start=1):
        source = (frame.shape[1], frame.shape[0])
        if count == 1:
            raise_first(outside_frame(labels, source))
        row = row_of.get(count - 1)
        xy = np.full(2, np.nan, np.float32) if row is None else labels.xy[row]
        yield {
            "clip": name,
            "sport": sport,
            "frame": count - 1 if numbers is None else numbers[count - 1],
            "image": encode_jpeg(resize(frame, size)),
            "xy": scale_xy(xy, source, size or source),
            "visibility": UNLABELLED if row is None else int(labels.visibility[row]),
            "source_width": source[0],
            "source_height": source[1],
            "fps": str(fps) if fps else "",
        }
    raise_first(without_frame(labels, count))


def encode_jpeg(frame: np.ndarray) -> bytes:
    """(H, W, 3) uint8 RGB as JPEG."""
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def decode_jpeg(data: bytes) -> np.ndarray:
    """JPEG as (H, W, 3) uint8 RGB."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise UserError("a stored image does not decode: the dataset is damaged; build it again")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
