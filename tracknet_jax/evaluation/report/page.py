"""The page of an evaluation: one HTML file with style, charts and pictures inside, which works offline."""

import base64
from collections.abc import Callable, Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.evaluation.report.page_bars import STRIP_COLUMNS, legend, outcome_bar, timeline_strip
from tracknet_jax.evaluation.report.page_figures import charts
from tracknet_jax.evaluation.report.score_table import CAPTION, COLUMNS, cells, details, protocol_line, share
from tracknet_jax.evaluation.report.speed import by_speed
from tracknet_jax.evaluation.report.worst import error_tiles, worst_errors
from tracknet_jax.evaluation.scores import Scores
from tracknet_jax.scoring.metrics import Counts
from tracknet_jax.tracking.track_options import TrackOptions
from tracknet_jax.utils.files import replacing
from tracknet_jax.utils.images import encode_picture
from tracknet_jax.utils.version import __version__

STYLE = Path(__file__).with_name("style.css")
QUOTED = {  # the scores of `Counts` in the headline by the recall that a protocol quotes, its own F1 first
    "all": {"f1": "F1", "precision": "precision", "recall": "recall", "f1_hit": "F1 hit"},
    "hit": {"f1_hit": "F1 hit", "precision": "precision", "recall_hit": "recall hit", "f1": "F1"},
}


def write_page(folder: Path, scores: Scores, run: Mapping[str, Any]) -> Path:
    """Writes `index.html` in a folder, whole or not at all, and returns its path.

    Args:
        folder: made if it is not there.
        scores: the scored clips.
        run: as for `score_table.to_json`.

    Raises:
        UserError: the file cannot be written, or frames cannot be read again.
    """
    page = build_page(scores, run)
    with replacing(folder / "index.html") as partial:
        partial.write_text(page, encoding="utf-8")
    return folder / "index.html"


def build_page(scores: Scores, run: Mapping[str, Any]) -> str:
    """The HTML of the page."""
    split = f", split {run['split']}" if run["split"] else ""
    title = f"{run['checkpoint'] or run['model'] or run['predictions']} on {run['data']}{split}"
    parts = {
        "Scores": table(scores),
        "Clips, frame by frame": timelines(scores),
        "Fast and slow, clear and hidden": by_class(scores),
        "Confidence and distance": charts(scores),
        "The worst frames": worst_frames(scores),
    }
    body = "".join(f"<section><h2>{heading}</h2>{part}</section>" for heading, part in parts.items())
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style></head>\n<body><main>\n"
        f"<h1>{escape(title)}</h1><p>{escape(protocol_line(scores, run))}</p>\n"
        f"<p>{escape(settings(run))}</p>\n{headline(scores)}\n{body}\n"
        f"<footer><code>{escape(str(run['command']))}</code><br>TrackNet-JAX {__version__}</footer>\n"
        "</main></body></html>\n"
    )


def settings(run: Mapping[str, Any]) -> str:
    """In words, the options that made the track, and those that were chosen otherwise than by default."""
    told = {name: run[name] for name in ("split_by", "dtype", "conv") if run[name] is not None}
    tracked = run["predictions"] is None and run["counting"] == "frames"
    if tracked and run["checkpoint"]:
        threshold = TrackOptions.threshold if run["threshold"] is None else run["threshold"]
        told |= {"overlap": run["overlap"], "threshold": threshold, "link": "yes" if run["link"] else "no"}
    if tracked:
        told["rectify"] = f"{run['rectify']} {run['rectifier'] or ''}".strip()
    words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items())
    return f"Options: {words}." if words else ""


def headline(scores: Scores) -> str:
    """The scores that are quoted most, large, with their intervals, and a bar of all outcomes."""
    total = scores.total
    tiles = []
    for name, label in QUOTED[scores.rule.recall].items():
        value, interval = share(total, name), scores.interval(name)
        between = (
            f", {100 * interval[0]:.1f} to {100 * interval[1]:.1f}" if interval and value is not None else ""
        )
        tiles.append(("-" if value is None else f"{100 * value:.1f}", f"{label}{between}"))
    tiles.append((f"{total.fp1 + total.fp2 + total.fn:,}", f"errors in {total.frames:,} frames"))
    shown = "".join(f"<div><b>{figure}</b><span>{text}</span></div>" for figure, text in tiles)
    return f'<div class="headline">{shown}</div>{outcome_bar(total)}{legend()}'


def table(scores: Scores) -> str:
    """The table of the terminal, with bars; the clip with the most errors first."""
    groups = [("total", "Total", scores.total)]
    groups += [("sport", sport, counts) for sport, counts in scores.by_sport.items()]
    groups += [("", score.clip.name, score.counts) for score in worst_first(scores.clips)]
    body = "".join(
        f'<tr class="{style}">{_name(name)}{_bar_cell(counts)}{_cells(cells(counts))}</tr>'
        for style, name, counts in groups
    )
    lines = "".join(f"<li>{escape(line)}</li>" for line in details(scores))
    grid = _grid("scores by clip", ("Clip", "", *COLUMNS), body)
    return f"{grid}<p>{escape(CAPTION)}.</p><ul>{lines}</ul>"


def timelines(scores: Scores) -> str:
    """The frames of each clip in the colours of their outcomes."""
    body = "".join(
        f"<tr>{_name(score.clip.name)}"
        f"{_cells([timeline_strip(score) or 'no frames', score.errors, score.longest_miss])}</tr>"
        for score in worst_first(scores.clips)
    )
    head = ("Clip", "Frames, by number", "Errors", "Longest miss")
    told = f"In a clip of more than {STRIP_COLUMNS} frames, several share a column in the colour of the worst of them."
    return f"{legend()}<p>{told}</p>{_grid('outcomes frame by frame', head, body, 'timelines')}"


def worst_first(clips: Iterable[ClipScore]) -> list[ClipScore]:
    """Clips by the number of frames scored wrong, most first."""
    return sorted(clips, key=lambda score: score.errors, reverse=True)


def by_class(scores: Scores) -> str:
    """Scores by the speed of the ball and by how well it is seen, side by side."""
    speed = _class_table(scores, "px a frame", by_speed)
    visibility = _class_table(scores, "visibility", lambda clips: Scores(scores.rule, clips).by_visibility)
    return (
        f'<div class="pair"><figure><h3>By speed of the ball</h3>{speed}<figcaption>Balls with a position only. Speed '
        "is that of the labels, at 512x288; how fast that is depends on the frame rate.</figcaption></figure>"
        f"<figure><h3>By visibility</h3>{visibility}<figcaption>As labelled; some sets label every ball as "
        "clear.</figcaption></figure></div>"
    )


def _class_table(
    scores: Scores, name: str, split: Callable[[tuple[ClipScore, ...]], Mapping[str, Counts]]
) -> str:
    """Shares of right frames by class: of all clips, with a bar; and, if there are several sports, of each."""
    sports = list(scores.by_sport) if len(scores.by_sport) > 1 else []
    every = split(scores.clips)
    columns = [every, *(split(tuple(s for s in scores.clips if s.clip.sport == sport)) for sport in sports)]
    body = ""
    for key, counts in every.items():
        classes = (column.get(key, Counts()) for column in columns)
        right = [f"{100 * count.accuracy:.1f}" if count.frames else "-" for count in classes]
        body += f"<tr>{_name(key)}{_bar_cell(counts)}{_cells([counts.frames, *right])}</tr>"
    return _grid(f"frames that are right, by {name}", (name, "", "Frames", "Right", *sports), body)


def worst_frames(scores: Scores) -> str:
    """The worst errors of each kind as crops, the pictures inside the page."""
    tiles = error_tiles(worst_errors(scores.clips))
    if not tiles:
        return "<p>There are no errors.</p>"
    figures = "".join(
        f'<figure><img src="data:image/jpeg;base64,{base64.b64encode(encode_picture(tile.picture, ".jpg")).decode()}" '
        f'alt="{escape(", ".join(tile.caption))}" loading="lazy">'
        f"<figcaption>{'<br>'.join(map(escape, tile.caption))}</figcaption></figure>"
        for tile in tiles
    )
    return (
        "<p>The label is a green circle, the detection a red cross. Of neighbouring frames of a clip only the "
        f'worst is shown.</p><div class="frames">{figures}</div>'
    )


def _name(name: str) -> str:
    """The first cell of a row. A long name is cut to the column; the pointer shows the whole."""
    return f'<th scope="row" title="{escape(name)}">{escape(name)}</th>'


def _bar_cell(counts: Counts) -> str:
    return f'<td class="share">{outcome_bar(counts)}</td>'


def _cells(values: Iterable[Any]) -> str:
    return "".join(f"<td>{value}</td>" for value in values)


def _grid(name: str, head: Iterable[str], rows: str, style: str = "") -> str:
    """A table that scrolls sideways if it is too wide, by keyboard too. A column without a title holds bars."""
    titles = "".join(
        f'<th scope="col">{escape(title)}</th>' if title else '<td class="share"></td>' for title in head
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(name)}"><table class="{style}">'
        f"<thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
