"""Decoding: OpenCV, and PyAV for what OpenCV cannot read, behind one interface."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import cv2
import numpy as np

from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.folders import VIDEOS

# OpenCV reads this when it opens its first file, whoever opens it.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

Order = Literal["rgb", "bgr"]
DEFAULT_FPS = Fraction(30)  # for cameras that do not say
SILENCE = 15  # seconds without a frame after which a network stream has ended


class OpenCVCapture:
    """Decodes with OpenCV, which turns rotated phone videos upright by itself; stands on one frame at a time."""

    def __init__(self, source: int | str, live: bool = False):
        with quiet():
            # Named, because otherwise OpenCV goes on to try a file name as a pattern for image sequences.
            backend = cv2.CAP_ANY if isinstance(source, int) else cv2.CAP_FFMPEG
            options = live_options(source) if live else []
            self._capture = cv2.VideoCapture(source, backend, options)
        self.fps = exact_fps(self._capture.get(cv2.CAP_PROP_FPS))
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.frame_count_hint = int(count) if 0 < count < 2**40 and not live else None

    def grab(self) -> bool:
        """Moves to the next frame; False at the end."""
        with quiet():
            return self._capture.grab()

    def retrieve(self, order: Order) -> np.ndarray:
        """The frame it stands on, upright, (H, W, 3) uint8."""
        frame = self._capture.retrieve()[1]
        return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) if order == "rgb" else frame

    def close(self) -> None:
        """Frees the decoder."""
        self._capture.release()


class PyAVCapture:
    """As `OpenCVCapture`, with PyAV, which also reads AV1. Both skip broken packets."""

    def __init__(self, source: str):
        import av

        self._container = av.open(source)
        stream = self._container.streams.video[0]
        stream.thread_type = "AUTO"
        self.fps = stream.average_rate or DEFAULT_FPS
        self.frame_count_hint = stream.frames or None
        self._frames = self._decode(av, stream)
        self._frame: Any = None

    def _decode(self, av: Any, stream: Any) -> Iterator[Any]:
        for packet in self._container.demux(stream):
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                continue

    def grab(self) -> bool:
        self._frame = next(self._frames, None)
        return self._frame is not None

    def retrieve(self, order: Order) -> np.ndarray:
        frame = self._frame.to_ndarray(format=f"{order}24")
        turns = round(self._frame.rotation / 90) % 4  # degrees, anticlockwise
        return np.ascontiguousarray(np.rot90(frame, turns)) if turns else frame

    def close(self) -> None:
        self._container.close()


Capture = OpenCVCapture | PyAVCapture


def live_options(source: int | str) -> list[int]:
    """OpenCV's options for a live source: keys and values in turn.

    A stream is decoded in one thread, because every other thread of FFmpeg's would hold a frame back. The writer of a
    pipe may be silent as long as it keeps the pipe open.
    """
    if isinstance(source, int):
        return []
    patience = (
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        1000 * SILENCE,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        1000 * SILENCE,
    )
    return [cv2.CAP_PROP_N_THREADS, 1, *(patience if is_address(source) else ())]


def open_capture(source: int | str | Path) -> Capture:
    """Opens a camera index, stream address or video file; the capture stands on the first frame.

    Raises:
        UserError: nothing is there, it is empty, or no frame of it can be decoded.
    """
    live = is_live(source)
    if not (isinstance(source, int) or live or is_address(source)):
        return _open_file(Path(source))
    capture = OpenCVCapture(source if isinstance(source, int) else str(source), live)
    if capture.grab():
        return capture
    capture.close()
    raise UserError(
        f"{source}: this {'camera or stream' if live else 'address'} gives no frames; is it right, and on?"
    )


def is_live(source: Any) -> bool:
    """Whether the frames come in their own time and only once: a camera, a network stream or a named pipe."""
    if isinstance(source, int) or (isinstance(source, str) and source.isdigit()):
        return True
    if is_address(source):
        scheme, _, rest = source.partition("://")
        suffix = Path(urlsplit(f"//{rest}").path).suffix.lower()
        return scheme not in ("http", "https", "file") or suffix not in VIDEOS - {".ts"}
    return isinstance(source, str | Path) and Path(source).is_fifo()


def is_address(source: Any) -> bool:
    """Whether `source` is the address of a stream, or of a recording (`https://host/match.mp4`)."""
    return isinstance(source, str) and "://" in source


def _open_file(path: Path) -> Capture:
    if not path.is_file():
        raise UserError(f"{path}: no such video file")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty")
    capture: Capture = OpenCVCapture(str(path))
    if capture.grab():
        return capture
    capture.close()
    try:
        import av
    except ImportError:
        raise UserError(
            f"{path}: OpenCV decodes no frame of it; if it is a video at all (AV1?), "
            "pip install 'tracknet-jax[video]' or re-encode it to H.264"
        ) from None
    try:
        capture = PyAVCapture(str(path))
    except (av.error.FFmpegError, IndexError) as error:
        raise UserError(f"{path}: not a video, or one cut off before its index was written") from error
    if capture.grab():
        return capture
    capture.close()
    raise UserError(f"{path}: no frame can be decoded; re-encode it, for example to H.264")


def exact_fps(fps: float) -> Fraction:
    """The fraction a decoder rounded to `fps`: 29.97002997 is 30000/1001. Unusable rates become 30."""
    if not math.isfinite(fps) or not 0 < fps <= 1000:
        return DEFAULT_FPS
    for denominator in (1, 1001, 10_000, 10_000_000):
        fraction = Fraction(fps).limit_denominator(denominator)
        if abs(fraction - Fraction(fps)) < 1e-11 * fps:
            return fraction
    return Fraction(fps)


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps OpenCV's and FFmpeg's own messages off the terminal: for a bad file the user sees our one line."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)
