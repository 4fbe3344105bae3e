"""Small labelled clips, drawn here: a bright ball on a grey court that moves by a known rule."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

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


@pytest.fixture
def tennis_folder(tmp_path: Path) -> Path:
    """Two games, three clips: images, images with a gap in their numbers, and a video."""
    root = tmp_path / "tennis"
    write_images(root / "game1/Clip1", range(6))
    write_csv(root / "game1/Clip1/Label.csv", TENNIS, tennis_rows(range(6)))
    numbers = [0, 1, 2, 5, 6, 7, 8, 10]
    write_images(root / "game1/Clip2", numbers)
    write_csv(root / "game1/Clip2/Label.csv", TENNIS, tennis_rows(numbers))
    write_video(root / "Game2/clip10/video.mp4", 7)
    write_csv(root / "Game2/clip10/label.CSV", TENNIS, tennis_rows(range(7)))
    return root


@pytest.fixture
def shuttlecock_folder(tmp_path: Path) -> Path:
    """V2's folders and one of the older copies with frames."""
    root = tmp_path / "shuttle"
    for match, count in (("Professional/match1", 5), ("Amateur/match1", 4), ("Test/match1", 6)):
        write_video(root / match / "video/1_01_00.mp4", count)
        write_csv(root / match / "csv/1_01_00_ball.csv", SHUTTLE, shuttle_rows(count))
    write_images(root / "Professional/match2/frame/1_02_00", range(12), "{}.png")
    write_csv(root / "Professional/match2/csv/1_02_00_ball.csv", SHUTTLE, shuttle_rows(12))
    return root
