"""Folders `<sport>/<clip>/` with a video and a label file, listed with their splits in a `manifest.csv`."""

from pathlib import Path

from tracknet_jax.data.formats.clip_files import LABEL_NAMES, ClipFiles
from tracknet_jax.data.formats.table import read_table
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.folders import videos_in


def find(root: Path) -> list[ClipFiles]:
    """The clips that the manifest lists, in its order; none if there is no manifest."""
    manifest = root / "manifest.csv"
    if not manifest.is_file():
        return []
    table = read_table(manifest)
    wanted = ("sport", "split", "clip")
    if not set(wanted) <= set(table.header):
        raise UserError(f"{manifest}: wanted the columns sport, split and clip in its first line")
    found = []
    for line, row in table.rows:
        if not set(wanted) <= set(row):
            raise UserError(f"{manifest}, line {line}: too few cells; sport, split and clip are needed")
        found.append(_clip(manifest, line, *(row[name] for name in wanted)))
    return found


def _clip(manifest: Path, line: int, sport: str, split: str, clip: str) -> ClipFiles:
    folder = manifest.parent / sport / clip
    files = sorted(folder.iterdir()) if folder.is_dir() else ()
    labels = next((path for path in files if path.name.lower() in LABEL_NAMES), None)
    if labels is None:
        raise UserError(
            f"{manifest}, line {line}: {folder} has no Label.csv or ball.csv; remove the row or add it"
        )
    return ClipFiles(f"{sport}/{clip}", labels, next(iter(videos_in(folder)), None), sport, split)
