"""What is in a folder of labelled clips or a built dataset, and what is wrong with it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from tracknet_jax.data.checks import duplicated_frames, jumps, median_step, outside_frame, without_frame
from tracknet_jax.data.clips import NO_BALL, UNLABELLED, VISIBILITY_NAMES, Labels
from tracknet_jax.data.contact_sheet import ALARM, Tile, crop_around
from tracknet_jax.data.formats import find_clip_files, load_clip
from tracknet_jax.data.formats.files import ClipFiles
from tracknet_jax.data.frames import (
    decode_frames,
    frame_numbers,
    frame_rate,
    frame_size,
    promised_frames,
)
from tracknet_jax.data.source import FrameSource, dataset_splits, find_dataset
from tracknet_jax.data.video import read_image
from tracknet_jax.errors import UserError

MANY_REPEATED = 0.05  # of a clip's frames: then its frame rate was raised by repeating some
TILES = 24  # pictures of labels, half of them kept for suspicious ones
CROP = 0.3  # of the frame's width seen in a picture
MARK = (255, 230, 60)  # RGB


@dataclass(frozen=True)
class Finding:
    """Something that is or may be wrong."""

    kind: str
    where: str
    message: str


@dataclass
class ClipReport:
    """What one clip holds; all counts are of frames."""

    name: str
    sport: str
    split: str
    frames: int = 0  # that decode
    width: int = 0
    height: int = 0
    fps: str = ""  # as a fraction, "" if unknown
    labelled: int = 0
    located: int = 0
    not_located: int = 0  # the ball is there, but no position is given
    visibility: dict[str, int] = field(default_factory=dict)  # by name
    duplicated: int = 0  # same picture as the frame before
    gaps: int = 0  # breaks in the frame numbers
    median_step: float | None = None  # pixels that the ball moves between neighbouring frames
    findings: list[Finding] = field(default_factory=list)

    def add(self, kind: str, where: str, message: str) -> None:
        """Notes a finding; has the form of a `Report` of the label readers."""
        self.findings.append(Finding(kind, where, message))

    def to_dict(self) -> dict:
        """As plain types, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class _Footage:
    """A clip's report to be filled, its labels, and the way to its frames."""

    report: ClipReport
    labels: Labels
    frames: Callable[[], Iterator[np.ndarray | UserError]]  # an error stands for a frame that does not decode
    suspicious: tuple[int, ...] = ()  # rows of `labels`


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
    path = Path(path)
    clips = list(_of_dataset(path) if find_dataset(path) else _of_folder(path, format))
    tiles: list[Tile] = []
    with ThreadPoolExecutor() as pool:
        for some in pool.map(_measure, clips, _rows_to_draw(clips)):
            tiles += some
            on_clip(len(clips))
    return [clip.report for clip in clips], sorted(tiles, key=lambda tile: not tile.alarm)


def _of_folder(root: Path, format: str) -> Iterator[_Footage]:
    for files in find_clip_files(root, format):
        report = ClipReport(files.name, files.sport, files.split)
        try:
            yield _of_files(files, report)
        except UserError as error:
            report.add("cannot be read", files.name, str(error))
            yield _Footage(report, Labels.none(), lambda: iter(()))


def _of_files(files: ClipFiles, report: ClipReport) -> _Footage:
    clip = load_clip(files, report=report.add)
    assert clip.labels is not None
    report.fps = str(frame_rate(clip.frames) or "")
    if isinstance(clip.frames, tuple):
        report.gaps = _gaps(frame_numbers(clip.frames, len(clip.frames)))
    suspicious = _check_labels(clip.labels, frame_size(clip.frames), report)
    return _Footage(report, clip.labels, partial(_frames_of_files, clip.frames, report), suspicious)


def _of_dataset(path: Path) -> Iterator[_Footage]:
    for split in dataset_splits(path):
        source = FrameSource(path, split)
        index = source.index
        for clip, (name, sport) in enumerate(zip(index.clip_names, index.sports, strict=True)):
            rows = np.flatnonzero(index.clip == clip)
            report = ClipReport(
                name, sport, split, fps=source.fps(int(rows[0])), gaps=_gaps(index.frame[rows])
            )
            labelled = index.visibility[rows] != UNLABELLED
            labels = Labels(
                np.flatnonzero(labelled), index.xy[rows[labelled]], index.visibility[rows[labelled]]
            )
            size = source.size or tuple(index.source_size[rows[0]].tolist())
            suspicious = _check_labels(labels, size, report)
            yield _Footage(report, labels, partial(_frames_of_records, source, rows), suspicious)


def _check_labels(labels: Labels, size: tuple[int, int], report: ClipReport) -> tuple[int, ...]:
    """Counts the labels, notes what is odd about them, and gives the odd rows."""
    there = (labels.visibility != NO_BALL) & (labels.visibility != UNLABELLED)
    report.labelled = int((labels.visibility != UNLABELLED).sum())
    report.located = int(labels.located.sum())
    report.not_located = int((there & ~labels.located).sum())
    report.visibility = {name: int((labels.visibility == v).sum()) for v, name in VISIBILITY_NAMES.items()}
    report.median_step = median_step(labels)
    odd = []
    for check in (outside_frame, jumps):
        for row, problem in check(labels, size):
            report.add(*problem)
            odd.append(row)
    return tuple(odd)


def _frames_of_files(frames: Path | tuple[Path, ...], report: ClipReport) -> Iterator[np.ndarray | UserError]:
    if isinstance(frames, tuple):
        for path in frames:
            yield _try(partial(read_image, path))
        return
    count = 0
    try:
        for frame in decode_frames(frames):
            count += 1
            yield frame
    except UserError as error:
        yield error
        return
    promised = promised_frames(frames)
    if count < promised:
        report.add("missing frames", str(frames), f"the container promises {promised} frames, {count} decode")


def _frames_of_records(source: FrameSource, rows: np.ndarray) -> Iterator[np.ndarray | UserError]:
    for row in rows.tolist():
        yield _try(partial(source.image, row))


def _try(read: Callable[[], np.ndarray]) -> np.ndarray | UserError:
    try:
        return read()
    except UserError as error:
        return error


def _measure(clip: _Footage, wanted: set[int]) -> list[Tile]:
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


def _draw(clip: _Footage, row: int, frame: np.ndarray) -> Tile:
    name = VISIBILITY_NAMES[int(clip.labels.visibility[row])]
    caption = f"{clip.report.name[-26:]} frame {clip.labels.frame[row]}, {name}"
    return label_tile(frame, clip.labels.xy[row], caption, suspicious=row in clip.suspicious)


def label_tile(frame: np.ndarray, xy: np.ndarray, caption: str, suspicious: bool) -> Tile:
    """The surroundings of a label at `xy` (pixels) in a frame (H, W, 3) with a ring around it."""
    crop = crop_around(frame, xy[None], CROP)
    cv2.circle(crop.picture, crop.place(xy), 14, ALARM if suspicious else MARK, 1, cv2.LINE_AA)
    return Tile(crop.picture, (caption,), suspicious)


def _rows_to_draw(clips: Sequence[_Footage]) -> list[set[int]]:
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


def _gaps(numbers: Sequence[int] | np.ndarray) -> int:
    return int((np.diff(numbers) != 1).sum())
