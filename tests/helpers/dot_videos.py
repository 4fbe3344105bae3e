"""Small videos for tests: the dot of `fake_release`, written with OpenCV, damaged or rotated on purpose."""

import struct
from pathlib import Path

import cv2
import numpy as np

from tests.helpers.fake_release import dot_frames

SIZE = (64, 36)


def dot_path(count, size=SIZE):
    """Where the dot is: it runs to the right and back again and hides in every seventh frame."""
    far = size[0] - 12
    there_and_back = [min(i * 3 % (2 * far), -i * 3 % (2 * far)) for i in range(count)]
    return [None if i % 7 == 6 else (6 + x, size[1] // 2 + i % 5 - 2) for i, x in enumerate(there_and_back)]


def write_video(path: Path, count=20, size=SIZE, fps=30.0, fourcc="mp4v", frames=None) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), fps, size)
    assert writer.isOpened()
    for frame in frames if frames is not None else dot_frames(dot_path(count, size), size):
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


def rotate_in_container(path: Path) -> None:
    """Sets the mp4's display matrix to a quarter turn, as a phone does, and leaves the pictures as they are."""
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44  # version 0 of the track header
    data[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 36 << 16, 0, 1 << 30)
    path.write_bytes(data)


def write_av1(path: Path, count=8, size=SIZE) -> Path:
    """Needs PyAV; OpenCV opens such a file and gives no frame."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libsvtav1", rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for frame in dot_frames(dot_path(count, size), size):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def write_fragment(path: Path) -> Path:
    """An mp4 with its index in front, cut off in the middle of its pictures."""
    import av

    noise = np.random.default_rng(0).integers(0, 256, (60, 36, 64, 3), dtype=np.uint8)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for frame in noise:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    return path
