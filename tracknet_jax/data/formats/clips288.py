"""A folder of clips with a `manifest.csv` that says sport and split: `<sport>/<clip>/{video.mp4, *.csv}`.

Positions are pixels of the video that is there.
"""

from pathlib import Path

from tracknet_jax.data.formats.clip_files import ClipFiles
from tracknet_jax.data.formats.table import read_table
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.folders import videos_in

_LABEL_NAMES = ("label.csv", "ball.csv")


def find(root: Path) -> list[ClipFiles]:
    """The clips that the manifest lists, in its order; none if there is no manifest."""
    manifest = root / "manifest.csv"
    if not manifest.is_file():
        return []
    table = read_table(manifest)
    columns = [table.column((name,)) for name in ("sport", "split", "clip")]
    if None in columns:
        raise UserError(f"{manifest}: wanted the columns sport, split and clip in its first line")
    sport_column, split_column, clip_column = (column for column in columns if column is not None)
    found = []
    for line, row in table.rows:
        try:
            sport, split, clip = (row[i].strip() for i in (sport_column, split_column, clip_column))
        except IndexError:
            raise UserError(
                f"{manifest}, line {line}: too few cells; sport, split and clip are needed"
            ) from None
        found.append(_clip(root, manifest, line, sport, split, clip))
    return found


def _clip(root: Path, manifest: Path, line: int, sport: str, split: str, clip: str) -> ClipFiles:
    folder = root / sport / clip
    files = folder.iterdir() if folder.is_dir() else ()
    labels = [path for path in files if path.name.lower() in _LABEL_NAMES]
    if not labels:
        raise UserError(
            f"{manifest}, line {line}: {folder} has no Label.csv or ball.csv; remove the row or add it"
        )
    return ClipFiles(f"{sport}/{clip}", labels[0], next(iter(videos_in(folder)), None), sport, split)
