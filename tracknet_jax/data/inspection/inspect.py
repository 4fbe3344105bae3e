"""What is in a folder of labelled clips or a built dataset, and what is wrong with it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from tracknet_jax.data.clips import VISIBILITY_NAMES
from tracknet_jax.data.inspection.contact_sheet import ALARM, Tile, crop_around
from tracknet_jax.data.inspection.inspected_clips import ClipReport, InspectedClip, clips_to_inspect
from tracknet_jax.data.inspection.label_checks import duplicated_frames, without_frame
from tracknet_jax.utils.errors import UserError

MANY_REPEATED = 0.05  # of a clip's frames: then its frame rate was raised by repeating some
TILES = 24  # pictures of labels, half of them kept for suspicious ones
CROP = 0.3  # of the frame's width seen in a picture
MARK = (255, 230, 60)  # RGB


def inspect(
    path: Path | str, format: str = "auto", on_clip: Callable[[int], None] = lambda total: None
) -> tuple[list[ClipReport], list[Tile]]:
    """Reads every label and decodes every frame of a folder in any known layout, or of a built dataset.

    Nothing that is wrong ends the inspection: it becomes a finding.

    Args:
        path: the folder.
        format: its layout, see `find_clips`.
        on_clip: called after each clip with the number of all clips, for a progress bar.

    Returns:
        A report of each clip, and pictures of labels: suspicious ones, then others evenly spread.

    Raises:
        UserError: there is nothing to inspect.
    """
    clips = list(clips_to_inspect(Path(path), format))
    tiles: list[Tile] = []
    with ThreadPoolExecutor() as pool:
        for some in pool.map(_measure, clips, _rows_to_draw(clips)):
            tiles += some
            on_clip(len(clips))
    return [clip.report for clip in clips], sorted(tiles, key=lambda tile: not tile.alarm)


def _measure(clip: InspectedClip, wanted: set[int]) -> list[Tile]:
    """Decodes a clip, fills its report, and draws the wanted rows of its labels."""
    report, labels = clip.report, clip.labels
    row_of = {int(labels.frame[row]): row for row in wanted}
    previous: np.ndarray | None = None
    differences, tiles, count = [], [], 0
    for position, frame in enumerate(clip.frames()):
        count = position + 1
        if isinstance(frame, UserError):
            report.add("cannot be decoded", report.name, str(frame))
            continue
        _note_size(report, frame, position)
        sparse = frame[::4, ::4, 1].astype(np.int16)
        if previous is not None and previous.shape == sparse.shape:
            differences.append(np.abs(sparse - previous).mean())
        else:
            differences.append(np.nan)
        previous = sparse
        if position in row_of:
            tiles.append(_draw(clip, row_of[position], frame))
    report.frames = len(differences)
    report.duplicated = int(duplicated_frames(np.array(differences)).sum())
    if report.duplicated > MANY_REPEATED * report.frames:
        told = (
            f"{report.duplicated} of {report.frames} frames repeat the one before; was the frame rate raised?"
        )
        report.add("repeated frames", report.name, told)
    for _, problem in without_frame(labels, count):
        report.add(*problem)
    return tiles


def _note_size(report: ClipReport, frame: np.ndarray, position: int) -> None:
    height, width = frame.shape[:2]
    if not report.width:
        report.width, report.height = width, height
    elif (width, height) != (report.width, report.height):
        size = f"{width}x{height} in a clip of {report.width}x{report.height} frames"
        report.add("other size", f"{report.name}, frame {position}", size)


def _draw(clip: InspectedClip, row: int, frame: np.ndarray) -> Tile:
    name = VISIBILITY_NAMES[int(clip.labels.visibility[row])]
    caption = f"{clip.report.name[-26:]} frame {clip.labels.frame[row]}, {name}"
    return label_tile(frame, clip.labels.xy[row], caption, suspicious=row in clip.suspicious)


def label_tile(frame: np.ndarray, xy: np.ndarray, caption: str, suspicious: bool) -> Tile:
    """The surroundings of a label at `xy` (pixels) in a frame (H, W, 3) with a ring around it."""
    crop = crop_around(frame, xy[None], CROP)
    cv2.circle(crop.picture, crop.place(xy), 14, ALARM if suspicious else MARK, 1, cv2.LINE_AA)
    return Tile(crop.picture, (caption,), suspicious)


def _rows_to_draw(clips: Sequence[InspectedClip]) -> list[set[int]]:
    """Of each clip the rows of its labels to show: suspicious ones of many clips, the rest evenly spread."""
    wanted: list[set[int]] = [set() for _ in clips]
    odd = [(i, row) for i, clip in enumerate(clips) for row in clip.suspicious]
    some = [odd[k * len(odd) // (TILES // 2)] for k in range(TILES // 2)] if odd else []
    located = [(i, int(row)) for i, clip in enumerate(clips) for row in np.flatnonzero(clip.labels.located)]
    rest = TILES - len(set(some))
    some += [located[int((k + 0.5) * len(located) / rest)] for k in range(rest)] if located else []
    for i, row in some:
        wanted[i].add(row)
    return wanted
