"""The clips of a folder or a built dataset for an inspection: labels checked, frames still to decode."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tracknet_jax.data.clips import NO_BALL, UNLABELLED, VISIBILITY_NAMES, Finding, Labels
from tracknet_jax.data.formats import find_clip_files, load_clip
from tracknet_jax.data.formats.clip_files import ClipFiles
from tracknet_jax.data.inspection.label_checks import jumps, median_step, outside_frame
from tracknet_jax.data.tfds.frame_source import FrameSource, dataset_splits, find_dataset
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.frames import (
    decode_frames,
    frame_rate,
    frame_size,
    numbers_in_names,
    promised_frames,
)
from tracknet_jax.video.readers import read_image


@dataclass
class ClipReport:
    """What one clip holds. All counts are of frames."""

    name: str
    sport: str
    split: str
    frames: int = 0  # decoded
    width: int = 0
    height: int = 0
    fps: str = ""  # as a fraction, "" if unknown
    labelled: int = 0
    located: int = 0
    not_located: int = 0  # the ball is visible, but has no position
    visibility: dict[str, int] = field(default_factory=dict)  # by name
    duplicated: int = 0  # the same picture as the frame before
    gaps: int = 0  # in the frame numbers
    median_step: float | None = None  # pixels that the ball moves from frame to frame
    findings: list[Finding] = field(default_factory=list)

    def add(self, kind: str, where: str, message: str) -> None:
        """Appends a finding."""
        self.findings.append(Finding(kind, where, message))


@dataclass(frozen=True)
class InspectedClip:
    """A clip's labels, its frames, and its report, which is complete when the frames are decoded."""

    report: ClipReport
    labels: Labels
    frames: Callable[[], Iterator[np.ndarray | UserError]]  # an error stands for a frame that does not decode
    suspicious: tuple[int, ...] = ()  # rows of `labels`


def clips_to_inspect(path: Path, format: str) -> Iterator[InspectedClip]:
    """The clips of a built dataset, or of a folder in the layout `format`. Errors of a clip become findings.

    Raises:
        UserError: there is no clip.
    """
    return _of_dataset(path) if find_dataset(path) else _of_folder(path, format)


def _of_folder(root: Path, format: str) -> Iterator[InspectedClip]:
    for files in find_clip_files(root, format):
        report = ClipReport(files.name, files.sport, files.split)
        try:
            yield _of_files(files, report)
        except UserError as error:
            report.add("cannot be read", files.name, str(error))
            yield InspectedClip(report, Labels.none(), lambda: iter(()))


def _of_files(files: ClipFiles, report: ClipReport) -> InspectedClip:
    clip = load_clip(files, report=report.findings.append)
    assert clip.labels is not None
    suspicious = _check_labels(clip.labels, frame_size(clip.frames), report)
    if isinstance(clip.frames, tuple):
        report.gaps = _gaps(numbers_in_names(clip.frames))
        return InspectedClip(report, clip.labels, partial(_each, read_image, clip.frames), suspicious)
    report.fps = str(frame_rate(clip.frames) or "")
    return InspectedClip(report, clip.labels, partial(_frames_of_video, clip.frames, report), suspicious)


def _of_dataset(path: Path) -> Iterator[InspectedClip]:
    for split in dataset_splits(path):
        source = FrameSource(path, split)
        index = source.index
        for clip, (name, sport) in enumerate(zip(index.clip_names, index.sports, strict=True)):
            rows = np.flatnonzero(index.clip == clip)
            report = ClipReport(
                name, sport, split, fps=source.fps(int(rows[0])), gaps=_gaps(index.frame[rows])
            )
            labels = Labels(np.arange(len(rows)), index.xy[rows], index.visibility[rows])
            labels = labels.of_rows(labels.visibility != UNLABELLED)
            size = source.size or tuple(index.source_size[rows[0]].tolist())
            suspicious = _check_labels(labels, size, report)
            yield InspectedClip(report, labels, partial(_each, source.image, rows.tolist()), suspicious)


def _check_labels(labels: Labels, size: tuple[int, int], report: ClipReport) -> tuple[int, ...]:
    """Counts the labels, reports what is suspicious, and returns the suspicious rows."""
    visible = ~np.isin(labels.visibility, (NO_BALL, UNLABELLED))
    report.labelled = int((labels.visibility != UNLABELLED).sum())
    report.located = int(labels.located.sum())
    report.not_located = int((visible & ~labels.located).sum())
    report.visibility = {name: int((labels.visibility == v).sum()) for v, name in VISIBILITY_NAMES.items()}
    report.median_step = median_step(labels)
    found = [*outside_frame(labels, size), *jumps(labels, size)]
    report.findings += [finding for _, finding in found]
    return tuple(row for row, _ in found)


def _each(read: Callable[[Any], np.ndarray], places: Iterable[Any]) -> Iterator[np.ndarray | UserError]:
    """What `read` gives for each place, or the error that it raises."""
    for place in places:
        try:
            yield read(place)
        except UserError as error:
            yield error


def _frames_of_video(video: Path, report: ClipReport) -> Iterator[np.ndarray | UserError]:
    count = 0
    try:
        for frame in decode_frames(video):
            count += 1
            yield frame
    except UserError as error:
        yield error
        return
    promised = promised_frames(video)
    if count < promised:
        report.add("missing frames", str(video), f"the container promises {promised} frames, {count} decode")


def _gaps(numbers: Sequence[int] | np.ndarray) -> int:
    return int((np.diff(numbers) != 1).sum())
