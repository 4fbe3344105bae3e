"""Video out: H.264 through PyAV where it is installed, else MPEG-4 (mp4v) through OpenCV."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tracknet_jax.utils.files import replacing
from tracknet_jax.video.capture import quiet

BT601 = 5  # as FFmpeg numbers the colour matrices; players would guess another one for HD


class H264Writer:
    """H.264 that browsers play, at the exact frame rate.

    Takes BGR frames (H, W, 3) uint8 of one size; the file is complete after `close`.
    """

    def __init__(self, path: Path, fps: Fraction, size: tuple[int, int]):
        import av

        self._frame_type = av.VideoFrame
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        self._stream: Any = self._container.add_stream("libx264", rate=fps)
        self._stream.width, self._stream.height = self._size = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.colorspace = BT601
        self._stream.options = {"preset": "veryfast", "crf": "20"}

    def write(self, frame: np.ndarray) -> None:
        # OpenCV's conversion takes a third of the time of PyAV's.
        planes = np.asarray(cv2.cvtColor(_padded(frame, self._size), cv2.COLOR_BGR2YUV_I420), np.uint8)
        picture = self._frame_type.from_ndarray(planes, format="yuv420p")
        self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        try:
            self._container.mux(self._stream.encode())
        finally:
            self._container.close()


class OpenCVWriter:
    """As `H264Writer`, in MPEG-4 part 2; OpenCV keeps the frame rate to a thousandth of a frame per second."""

    def __init__(self, path: Path, fps: Fraction, size: tuple[int, int]):
        self._path, self._size, self._written = path, size, 0
        fourcc = cv2.VideoWriter.fourcc(*"mp4v")
        with quiet():
            self._writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, float(fps), size)
        if not self._writer.isOpened():
            raise OSError(f"OpenCV cannot write an mp4 of {size[0]}x{size[1]} here")

    def write(self, frame: np.ndarray) -> None:
        with quiet():
            self._writer.write(_padded(frame, self._size))
        self._written += 1

    def close(self) -> None:
        with quiet():
            self._writer.release()
            # OpenCV says nothing when the disk is full; the file's index, written last, then is missing.
            check = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
            complete = round(check.get(cv2.CAP_PROP_FRAME_COUNT)) == self._written
            check.release()
        if not complete:
            raise OSError("the video came out incomplete, is the disk full?")


VideoWriter = H264Writer | OpenCVWriter


def open_writer(path: Path, fps: Fraction, size: tuple[int, int]) -> VideoWriter:
    """Opens an mp4 of a (width, height) source; odd sizes grow by one repeated row or column (4:2:0)."""
    even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
    try:
        import av
    except ImportError:
        return OpenCVWriter(path, fps, even)
    if "libx264" not in av.codecs_available:
        return OpenCVWriter(path, fps, even)
    return H264Writer(path, fps, even)


@contextmanager
def new_video(path: Path, fps: Fraction, size: tuple[int, int]) -> Iterator[VideoWriter]:
    """A writer whose video appears at `path` when it is complete.

    Raises:
        UserError: it cannot be written.
    """
    with replacing(path) as partial:
        writer = open_writer(partial, fps, size)
        try:
            yield writer
        except BaseException:
            with suppress(OSError):  # the first error is the one that the user needs
                writer.close()
            raise
        writer.close()


def _padded(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    right, bottom = size[0] - frame.shape[1], size[1] - frame.shape[0]
    if right or bottom:
        return cv2.copyMakeBorder(frame, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    return frame
