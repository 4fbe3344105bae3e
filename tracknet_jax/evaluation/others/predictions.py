"""Scores another tracker's files: CSV, YOLO's labels or COCO's results, each found by the name of the clip."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tracknet_jax.data.clips import Clip
from tracknet_jax.evaluation.clip_score import ClipScore, score_track
from tracknet_jax.evaluation.footage import Footage
from tracknet_jax.evaluation.others.detections import (
    Box,
    BoxOptions,
    find_yolo,
    read_coco,
    read_yolo,
    track_of_boxes,
)
from tracknet_jax.scoring.protocols import Protocol
from tracknet_jax.tracks.track import Track
from tracknet_jax.utils.errors import UserError


def score_predictions(
    clips: Sequence[Footage],
    path: Path,
    rule: Protocol,
    allow_missing_rows: bool = False,
    boxes: BoxOptions = BoxOptions(),  # noqa: B008 (immutable)
) -> Iterator[ClipScore]:
    """Scores the predictions of another tracker, every labelled frame once whatever the protocol counts.

    Args:
        clips: to score.
        path: a folder of CSV files, see `find_csvs`; one of YOLO's label files, see `detections.find_yolo`; or a
            `.json` list of COCO results, whose image ids are named as those files are.
        rule: the protocol.
        allow_missing_rows: of CSV files: a labelled frame without a row counts as nothing found. Of boxes: a clip may
            have none at all; a frame without a box counts as nothing found in any case.
        boxes: how boxes are read.

    Raises:
        UserError: a clip has no file, or a file cannot be used.
    """
    if path.suffix.lower() == ".json" or (any(path.rglob("*.txt")) and not any(path.rglob("*.csv"))):
        for footage, track in _box_tracks(clips, path, boxes, allow_missing_rows):
            yield score_track(footage, rule, track, where=str(path), allow_missing_rows=True)
        return
    files = find_csvs(path, [footage.clip for footage in clips])
    for footage in clips:
        file = files[footage.clip.name]
        track = Track.from_csv(file)
        yield score_track(footage, rule, track, where=str(file), allow_missing_rows=allow_missing_rows)


def find_csvs(folder: Path, clips: Sequence[Clip]) -> dict[str, Path]:
    """The prediction file of each clip, by clip name.

    It is the first there is of the names of `clip_stems`, each with `_ball.csv` and `.csv` behind it.

    Raises:
        UserError: `folder` is not one, or has no file for a clip.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: not a folder of prediction CSV files")
    found = {}
    for name, stems in clip_stems(clips).items():
        candidates = (folder / f"{stem}{end}" for stem in stems for end in ("_ball.csv", ".csv"))
        path = next((path for path in candidates if path.is_file()), None)
        if path is None:
            names = " or ".join(f"{stem}_ball.csv" for stem in dict.fromkeys(stems[:2]))
            raise UserError(
                f"{folder}: no predictions for clip {name}; expected {names} with Frame,Visibility,X,Y"
            )
        found[name] = path
    return found


def clip_stems(clips: Sequence[Clip]) -> dict[str, list[str]]:
    """The names of each clip's predictions, by the name of the clip, the likeliest first.

    These are the clip's name as a path; the name with `_` for `/`; and, if no two clips share them, the last part of
    the name and the stem of the video.
    """
    short = {
        clip.name: [
            clip.name.rpartition("/")[2],
            *([clip.frames.stem] if isinstance(clip.frames, Path) else []),
        ]
        for clip in clips
    }
    shared = Counter(name for names in short.values() for name in set(names))
    return {
        name: [name, name.replace("/", "_"), *(part for part in parts if shared[part] == 1)]
        for name, parts in short.items()
    }


def _box_tracks(
    clips: Sequence[Footage], path: Path, options: BoxOptions, allow_missing: bool
) -> Iterator[tuple[Footage, Track]]:
    """Each clip with the track of its boxes."""
    results = read_coco(path) if path.suffix.lower() == ".json" else None
    names = clip_stems([footage.clip for footage in clips])
    for footage in clips:
        stems = names[footage.clip.name]
        if results is None:
            boxes = {number: read_yolo(file, footage.size) for number, file in find_yolo(path, stems).items()}
        else:
            boxes = _coco_boxes(results, stems, only=len(clips) == 1)
        if not boxes and not allow_missing:
            raise UserError(
                f"{path}: no boxes for clip {footage.clip.name}; expected names as {stems[1]}_12, or "
                "--allow-missing-rows if nothing was found in it"
            )
        yield footage, track_of_boxes(footage, boxes, options, str(path))


def _coco_boxes(results: dict[str, list[Box]], stems: Sequence[str], only: bool) -> dict[int, list[Box]]:
    """The boxes of a clip by frame number; an image id that is a number alone belongs to the only clip."""
    for stem in stems:
        prefix = f"{stem}_"
        ids = {image: image.removeprefix(prefix) for image in results if image.startswith(prefix)}
        if numbers := {int(number): results[image] for image, number in ids.items() if number.isdigit()}:
            return numbers
    return {int(image): found for image, found in results.items() if image.isdigit()} if only else {}
