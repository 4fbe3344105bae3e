"""Boxes of any detector: label files of the YOLO family, one for each frame, and COCO's list of results."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tracknet_jax.evaluation.footage import Footage
from tracknet_jax.tracks.track import Row, Track
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.folders import natural_key
from tracknet_jax.video.frames import file_number, numbers_in_names


class BoxOptions(NamedTuple):
    """How boxes are read."""

    category: int | None = None  # class number of the ball; None: the boxes have only one class
    first_frame: int | None = None  # number in the first frame's name; None: its image's or, for a video, 1


class Box(NamedTuple):
    """The centre of one detection in source pixels, centres at whole numbers."""

    category: int
    x: float
    y: float
    score: float


def read_yolo(path: Path, size: tuple[int, int]) -> list[Box]:
    """The boxes of one frame, `class cx cy w h [confidence]` a line, divided by `size` = (width, height).

    Ultralytics (`predict save_txt save_conf`), YOLOv5 and YOLOv7 (`detect.py --save-txt --save-conf`) write them. A box
    without a confidence gets 1.

    Raises:
        UserError: the file cannot be read, or a line is no box.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from error
    return [
        _yolo_box(line, size, f"{path}, line {n}") for n, line in enumerate(lines, start=1) if line.strip()
    ]


def _yolo_box(line: str, size: tuple[int, int], where: str) -> Box:
    cells = line.split()
    try:
        category, *values = int(cells[0]), *map(float, cells[1:])
    except ValueError:
        category, values = -1, []
    if len(values) not in (4, 5) or category < 0 or not all(0 <= value <= 1 for value in values):
        raise UserError(
            f"{where}: {line.strip()!r}; expected class cx cy w h [confidence], all but class within 0...1"
        )
    score = values[4] if len(values) == 5 else 1.0
    return Box(category, values[0] * size[0] - 0.5, values[1] * size[1] - 0.5, score)


def read_coco(path: Path) -> dict[str, list[Box]]:
    """The boxes of a COCO list of results by image id: `image_id, category_id, bbox [x, y, w, h], score`.

    Raises:
        UserError: the file cannot be read, or an entry is no box.
    """
    try:
        entries = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({error})") from error
    found: dict[str, list[Box]] = {}
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries]):
        try:
            x, y, width, height = map(float, entry["bbox"])
            box = Box(
                int(entry["category_id"]), x + width / 2 - 0.5, y + height / 2 - 0.5, float(entry["score"])
            )
            found.setdefault(str(entry["image_id"]), []).append(box)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{path}, entry {number}: {type(error).__name__} {error}; expected image_id, category_id, bbox, score"
            ) from error
    return found


def find_yolo(folder: Path, stems: Iterable[str]) -> dict[int, Path]:
    """The label files of a clip by the number in their names.

    For each of the names of the clip this looks into a folder of that name and `labels` in it, then for files
    `<name>_<number>.txt` in `labels` and in `folder` itself.
    """
    for stem in stems:
        for own in (folder / stem / "labels", folder / stem):
            if files := _numbered(own, r".*"):
                return files
        for shared in (folder / "labels", folder):
            if files := _numbered(shared, re.escape(stem) + r"_\d+"):
                return files
    return {}


def _numbered(folder: Path, name: str) -> dict[int, Path]:
    files = sorted(folder.glob("*.txt"), key=lambda path: natural_key(path.name))
    numbers = ((file_number(path), path) for path in files if re.fullmatch(name, path.stem))
    return {number: path for number, path in numbers if number is not None}


def track_of_boxes(footage: Footage, boxes: dict[int, list[Box]], options: BoxOptions, where: str) -> Track:
    """The box with the highest score in each frame that has one; `boxes` is by the number in the frame's name.

    Raises:
        UserError: there are several classes and none is chosen, or no frame has one of the numbers.
    """
    categories = sorted({box.category for found in boxes.values() for box in found})
    if options.category is None and len(categories) > 1:
        raise UserError(
            f"{where}: boxes of the classes {', '.join(map(str, categories))}; choose one with --box-class"
        )
    rows = []
    for number, found in sorted(boxes.items()):
        frame = _frame(footage, number, options.first_frame)
        if frame is None:
            raise UserError(f"{where}: {footage.clip.name} has no frame named {number}; see --first-frame")
        chosen = [box for box in found if options.category in (None, box.category)]
        if chosen:
            best = max(chosen, key=lambda box: box.score)
            rows.append(Row(frame, best.x, best.y, best.score, "detected"))
    return Track.of(rows, size=footage.size)


def _frame(footage: Footage, number: int, first: int | None) -> int | None:
    """The frame with this number in its name, None if there is none."""
    files = footage.clip.frames
    if first is None and isinstance(files, tuple) and files:
        return {name: i for i, name in enumerate(numbers_in_names(files))}.get(number)
    frame = number - (1 if first is None else first)
    return frame if frame >= 0 else None
