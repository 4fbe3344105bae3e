"""A folder of videos without any label file: clips on which a network learns from a teacher."""

from pathlib import Path

from tracknet_jax.data.clips import Clip
from tracknet_jax.data.formats.clip_files import clip_name, find_files
from tracknet_jax.video.folders import VIDEOS, natural_key

SPORT = "unlabelled"  # the name of these clips in `data.sport_weights`


def find_unlabelled(root: Path) -> list[Clip]:
    """Every video below `root` as a training clip without labels; no clip if there is a CSV file."""
    if find_files(root, ".csv"):
        return []
    videos = [video for suffix in sorted(VIDEOS) for video in find_files(root, suffix)]
    videos.sort(key=lambda video: natural_key(video.as_posix()))
    return [Clip(clip_name(video, root), video, None, SPORT, "train") for video in videos]
