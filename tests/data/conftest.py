"""Folders in the public layouts, filled with little clips."""

from pathlib import Path

import pytest

from tests.helpers.little_clips import (
    SHUTTLE,
    TENNIS,
    shuttle_rows,
    tennis_rows,
    write_csv,
    write_images,
    write_video,
)


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
