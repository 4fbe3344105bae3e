"""The records of a built dataset: one a frame, with its picture as JPEG and its label."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from tracknet_jax.data.clips import UNLABELLED, Clip, Labels
from tracknet_jax.data.inspection.label_checks import outside_frame, raise_first, without_frame
from tracknet_jax.utils.coordinates import scale_xy
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.images import encode_picture
from tracknet_jax.utils.threads import cores, prefetch_in_order
from tracknet_jax.video.frames import decode_frames, frame_rate, numbers_in_names, resize

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

Size = tuple[int, int]  # (width, height)
Record = dict[str, Any]

DEFAULT_SIZE: Size = (512, 288)
FRAMES_AHEAD = 256  # encoded frames of a clip that may wait for the writer


def frame_features(size: Size | None = DEFAULT_SIZE) -> "tfds.features.FeaturesDict":
    """The TFDS features of a record; `size` is that of the stored images, None keeps each clip's own."""
    import tensorflow_datasets as tfds  # here, so that training on folders of clips does not need it

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


def read_records(
    clips: Sequence[Clip], size: Size | None = DEFAULT_SIZE, workers: int | None = None
) -> Iterator[Record]:
    """The record of every frame of every clip, in order; `workers` clips are decoded at the same time.

    Raises:
        UserError: a frame does not decode, a label lies outside of its frame, or its frame is not there.
    """
    parts = (clip_records(clip, size) for clip in clips)
    return prefetch_in_order(parts, workers=workers or min(cores(), 8), ahead=FRAMES_AHEAD)


def clip_records(clip: Clip, size: Size | None = DEFAULT_SIZE) -> Iterator[Record]:
    """The records of a clip whose frames are files."""
    yield from frame_records(
        clip.name,
        decode_frames(clip.frames),
        clip.labels,
        sport=clip.sport,
        fps=frame_rate(clip.frames),
        size=size,
        numbers=numbers_in_names(clip.frames) if isinstance(clip.frames, tuple) else None,
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
        name: the clip's name, unique in the dataset.
        frames: (H, W, 3) uint8 RGB, all of one size.
        labels: in pixels of these frames; None leaves every frame unlabelled.
        sport: stored with each record.
        fps: frames a second, None if unknown.
        size: (width, height) of the stored images; None keeps the frames' own.
        numbers: frame numbers, None for 0, 1, 2 ...

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
            "image": encode_picture(resize(frame, size), ".jpg"),
            "xy": scale_xy(xy, source, size or source),
            "visibility": UNLABELLED if row is None else int(labels.visibility[row]),
            "source_width": source[0],
            "source_height": source[1],
            "fps": str(fps) if fps else "",
        }
    raise_first(without_frame(labels, count))


def decode_jpeg(data: bytes) -> np.ndarray:
    """A record's JPEG as (H, W, 3) uint8 RGB; raises `UserError` if it is damaged."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise UserError("a stored image does not decode: the dataset is damaged; build it again")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
