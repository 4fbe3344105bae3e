"""The page as a whole, and the file."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from tracknet_jax.evaluation.report import page_figures, page_sections
from tracknet_jax.evaluation.report.score_table import protocol_line
from tracknet_jax.evaluation.scores import Scores
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.version import __version__

STYLE = Path(__file__).with_name("style.css")


def write_page(folder: Path, scores: Scores, name: str, counting: str, run: Mapping[str, Any]) -> Path:
    """Writes `index.html` in a folder, whole or not at all, and returns its path.

    Args:
        folder: made if it is not there.
        scores: the scored clips.
        name, counting, run: as for `report.to_json`.

    Raises:
        UserError: the file cannot be written, or frames cannot be read again.
    """
    page = build_page(scores, name, counting, run)
    with replacing(folder / "index.html") as partial:
        partial.write_text(page, encoding="utf-8")
    return folder / "index.html"


def build_page(scores: Scores, name: str, counting: str, run: Mapping[str, Any]) -> str:
    """The HTML, which needs nothing else: style, charts and pictures are inside."""
    split = f", split {run['split']}" if run["split"] else ""
    title = f"{run['checkpoint'] or run['model'] or run['predictions']} on {run['data']}{split}"
    parts = {
        "Scores": page_sections.table(scores),
        "Clips, frame by frame": page_sections.timelines(scores),
        "Fast and slow, clear and hidden": page_sections.by_class(scores),
        "Confidence and distance": page_figures.charts(scores),
        "The worst frames": page_sections.worst_frames(scores),
    }
    body = "".join(f"<section><h2>{heading}</h2>{part}</section>" for heading, part in parts.items())
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style></head>\n<body><main>\n"
        f"<h1>{escape(title)}</h1><p>{escape(protocol_line(scores, name, counting))}</p>\n"
        f"<p>{escape(settings(run, counting))}</p>\n"
        f"{page_sections.headline(scores)}\n{body}\n"
        f"<footer><code>{escape(str(run['command']))}</code><br>TrackNet-JAX {__version__}</footer>\n"
        "</main></body></html>\n"
    )


def settings(run: Mapping[str, Any], counting: str) -> str:
    """In words, the options that made the track, and what was chosen or computed otherwise than usual."""
    told = {name: run[name] for name in ("split_by", "dtype", "conv") if run[name] is not None}
    tracked = run["predictions"] is None and counting == "frames"
    if tracked and run["checkpoint"]:
        threshold = TrackOptions.threshold if run["threshold"] is None else run["threshold"]
        told |= {"overlap": run["overlap"], "threshold": threshold, "link": "yes" if run["link"] else "no"}
    if tracked:
        told["rectify"] = f"{run['rectify']} {run['rectifier'] or ''}".strip()
    words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items())
    return f"Options: {words}." if words else ""
