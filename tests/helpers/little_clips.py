"""Small labelled clips, drawn here: a bright ball on a grey court that moves by a known rule."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 96, 64


def ball_at(i: int) -> tuple[int, int]:
    """The ball of frame `i`, within the frame for i < 20."""
    return 10 + 4 * i, 20 + (3 * i) % 30


def draw_frame(i: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> np.ndarray:
    """(H, W, 3) uint8 BGR, smooth so that JPEG keeps it, with the ball of frame `i`."""
    width, height = size
    frame = np.full((height, width, 3), (60, 110, 60), np.uint8)
    frame[:, : 5 + i % 20] = (120, 60, 60)
    cv2.circle(frame, ball_at(i), 3, (230, 255, 255), -1)
    return frame


def write_images(folder: Path, numbers: Sequence[int], pattern: str = "{:04d}.jpg") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i in numbers:
        cv2.imwrite(str(folder / pattern.format(i)), draw_frame(i))


def write_video(path: Path, count: int, fps: float = 25.0, size: tuple[int, int] = (WIDTH, HEIGHT)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), fps, size)
    for i in range(count):
        writer.write(draw_frame(i, size))
    writer.release()


def write_csv(path: Path, header: str, rows: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def tennis_rows(numbers: Sequence[int]) -> list[str]:
    return [f"{i:04d}.jpg,1,{ball_at(i)[0]},{ball_at(i)[1]},0" for i in numbers]


def shuttle_rows(count: int) -> list[str]:
    return [f"{i},1,{ball_at(i)[0]},{ball_at(i)[1]}" for i in range(count)]


TENNIS = "file name,visibility,x-coordinate,y-coordinate,status"
SHUTTLE = "Frame,Visibility,X,Y"
