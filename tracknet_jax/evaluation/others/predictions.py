"""Positions of another tracker or detector, found by the clip's name: CSV files, YOLO's, or COCO's."""

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
    boxes: BoxOptions = BoxOptions(),  # noqa: B008 (frozen)
) -> Iterator[ClipScore]:
    """Scores the predictions of another tracker, every labelled frame once whatever the protocol counts.

    Args:
        clips: to score.
        path: a folder of CSV files, see `find_csvs`; one of YOLO's label files, see `detections.find_yolo`, or a
            `.json` list of COCO results, whose image ids are named as those files are.
        rule: the protocol.
        allow_missing_rows: of CSV files: labelled frames without a row count as nothing found; of boxes, which
            have no row where nothing is found anyway: clips without any.
        boxes: how boxes are read.

    Raises:
        UserError: a clip has no file, or a file cannot be used.
    """
    if path.suffix.lower() == ".json" or _holds_boxes(path):
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

    Looked for, in this order, each with `_ball.csv` and `.csv` behind it: the clip's name as a path, the name
    with `_` for `/`, and, where no two clips share it, the name's last part and the video's stem.

    Raises:
        UserError: `folder` is not one, or has no file for a clip.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: not a folder of prediction CSV files")
    found = {}
    for name, stems in clip_stems(clips).items():
        candidates = [folder / f"{stem}{end}" for stem in stems for end in ("_ball.csv", ".csv")]
        path = next((path for path in candidates if path.is_file()), None)
        if path is None:
            names = " or ".join(f"{stem}_ball.csv" for stem in dict.fromkeys(stems[:2]))
            raise UserError(
                f"{folder}: no predictions for clip {name}; expected {names} with Frame,Visibility,X,Y"
            )
        found[name] = path
    return found


def clip_stems(clips: Sequence[Clip]) -> dict[str, list[str]]:
    """The names under which a clip's predictions are looked for, by the clip's name."""
    short = {clip.name: _short_names(clip) for clip in clips}
    shared = Counter(name for names in short.values() for name in set(names))
    return {
        clip.name: [
            clip.name,
            clip.name.replace("/", "_"),
            *(name for name in short[clip.name] if shared[name] == 1),
        ]
        for clip in clips
    }


def _short_names(clip: Clip) -> list[str]:
    video = [clip.frames.stem] if isinstance(clip.frames, Path) else []
    return [clip.name.rpartition("/")[2], *video]


def _holds_boxes(folder: Path) -> bool:
    return any(folder.rglob("*.txt")) and not any(folder.rglob("*.csv"))


def _box_tracks(
    clips: Sequence[Footage], path: Path, options: BoxOptions, allow_missing: bool
) -> Iterator[tuple[Footage, Track]]:
    """Each clip with the track of its boxes."""
    results = read_coco(path) if path.suffix.lower() == ".json" else None
    names = clip_stems([footage.clip for footage in clips])
    for footage in clips:
        stems = names[footage.clip.name]
        if results is None:
            files = find_yolo(path, stems)
            boxes = {number: read_yolo(file, footage.size) for number, file in files.items()}
        else:
            boxes = _of_clip(results, stems, only=len(clips) == 1)
        if not boxes and not allow_missing:
            raise UserError(
                f"{path}: no boxes for clip {footage.clip.name}; expected names as {stems[1]}_12, or "
                "--allow-missing-rows if nothing was found in it"
            )
        yield footage, track_of_boxes(footage, boxes, options, str(path))


def _of_clip(results: dict[str, list[Box]], stems: Sequence[str], only: bool) -> dict[int, list[Box]]:
    """The boxes of a clip by frame number; an image id that is a number alone belongs to the only clip."""
    for stem in stems:
        prefix = f"{stem}_"
        ids = {image: image.removeprefix(prefix) for image in results if image.startswith(prefix)}
        if numbers := {int(number): results[image] for image, number in ids.items() if number.isdigit()}:
            return numbers
    return {int(image): found for image, found in results.items() if image.isdigit()} if only else {}
