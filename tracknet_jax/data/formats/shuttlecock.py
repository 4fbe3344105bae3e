"""The shuttlecock layouts of TrackNetV2 and V3: matches with folders of label files, videos and frames.

Professional|Amateur|Test/match1/{csv/1_01_00_ball.csv, video/1_01_00.mp4}
match1/{ball_trajectory|corrected_csv/..., rally_video/..., frame/1_01_00/0.png ...}
"""

import re
from pathlib import Path

from tracknet_jax.data.formats.clip_files import ClipFiles, clip_name, find_files, frames_named, split_of

# V3 corrected the labels of the test matches. The first folder that is there counts.
_LABEL_FOLDERS = ("corrected_csv", "csv", "ball_trajectory")
_FRAME_FOLDERS = ("video", "rally_video", "videos", "frame", "frames")


def find(root: Path) -> list[ClipFiles]:
    """Every label file in a label folder of a match, and every `*_ball.csv` beside its video."""
    found: dict[str, tuple[int, ClipFiles]] = {}
    for labels in find_files(root, ".csv"):
        folder = labels.parent.name.lower()
        stem = re.sub(r"_ball$", "", labels.stem, flags=re.IGNORECASE)
        if folder in _LABEL_FOLDERS and labels.parent != root:
            match, rank = labels.parent.parent, _LABEL_FOLDERS.index(folder)
        elif labels.stem != stem and labels.parent.name:
            match, rank = labels.parent, len(_LABEL_FOLDERS)
        else:
            continue
        name = clip_name(match / stem, root)
        files = ClipFiles(name, labels, _frames(stem, match), "badminton", split_of(labels.relative_to(root)))
        if name not in found or rank < found[name][0]:
            found[name] = (rank, files)
    return [files for _, files in found.values()]


def _frames(stem: str, match: Path) -> Path | tuple[Path, ...] | None:
    """The rally's video or images, from one of the match's folders or the match's folder itself."""
    folders = {path.name.lower(): path for path in match.iterdir() if path.is_dir()}
    for name in _FRAME_FOLDERS:
        if name in folders and (frames := frames_named(stem, folders[name])):
            return frames
    return frames_named(stem, match)
