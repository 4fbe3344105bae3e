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

MANY_REPEATED = 0.05  # share of repeated frames above which the frame rate was probably raised
TILES = 24  # pictures of labels, half of them for suspicious ones
CROP = 0.3  # share of the frame's width that a picture shows
MARK = (255, 230, 60)  # RGB


def inspect(
    path: Path | str, format: str = "auto", on_clip: Callable[[int], None] = lambda total: None
) -> tuple[list[ClipReport], list[Tile]]:
    """Reads every label and decodes every frame of a folder in any known layout, or of a built dataset.

    An error in a clip does not end the inspection: it becomes a finding.

    Args:
        path: the folder.
        format: its layout, see `find_clips`.
        on_clip: called after each clip with the number of all clips, for a progress bar.

    Returns:
        A report of each clip, and pictures of labels: suspicious ones first, then others, evenly spread.

    Raises:
        UserError: there is nothing to inspect.
    """
    clips = list(clips_to_inspect(Path(path), format))
    tiles: list[Tile] = []
    with ThreadPoolExecutor() as pool:
        for drawn in pool.map(_measure, clips, _rows_to_draw(clips)):
            tiles += drawn
            on_clip(len(clips))
    return [clip.report for clip in clips], sorted(tiles, key=lambda tile: not tile.alarm)


def _measure(clip: InspectedClip, wanted: set[int]) -> list[Tile]:
    """Decodes a clip, completes its report, and draws the wanted rows of its labels."""
    report, labels = clip.report, clip.labels
    row_of = {int(labels.frame[row]): row for row in wanted}
    previous: np.ndarray | None = None
    differences, tiles, count = [], [], 0
    for position, frame in enumerate(clip.frames()):
        count = position + 1
        if isinstance(frame, UserError):
            report.add("cannot be decoded", report.name, str(frame))
            continue
        _check_size(report, frame, position)
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
        text = (
            f"{report.duplicated} of {report.frames} frames repeat the one before; was the frame rate raised?"
        )
        report.add("repeated frames", report.name, text)
    report.findings += [finding for _, finding in without_frame(labels, count)]
    return tiles


def _check_size(report: ClipReport, frame: np.ndarray, position: int) -> None:
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
    """For each clip, the rows of its labels to draw: suspicious ones, then others, both evenly spread."""
    suspicious = [(i, row) for i, clip in enumerate(clips) for row in clip.suspicious]
    located = [(i, int(row)) for i, clip in enumerate(clips) for row in np.flatnonzero(clip.labels.located)]
    chosen = set(_spread(suspicious, TILES // 2))
    chosen.update(_spread(located, TILES - len(chosen)))
    wanted: list[set[int]] = [set() for _ in clips]
    for i, row in chosen:
        wanted[i].add(row)
    return wanted


def _spread(rows: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """`count` of these rows, evenly spread; one is repeated if there are fewer."""
    return [rows[int((k + 0.5) * len(rows) / count)] for k in range(count)] if rows else []
