"""The parts of the page, each a function from scores to HTML."""

import base64
from collections.abc import Callable, Iterable, Mapping
from html import escape

import numpy as np

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.evaluation.report.page_bars import STRIP_COLUMNS, legend, outcome_bar, timeline_strip
from tracknet_jax.evaluation.report.score_table import CAPTION, COLUMNS, cells, details, share
from tracknet_jax.evaluation.report.speed import by_speed
from tracknet_jax.evaluation.report.worst import error_tiles, worst_errors
from tracknet_jax.evaluation.scores import Scores
from tracknet_jax.scoring.metrics import FN, FP1, FP2, Counts
from tracknet_jax.utils.images import encode_picture

HEADLINE = {
    "f1": "F1",
    "f1_hit": "F1 hit",
    "precision": "precision",
    "recall": "recall",
    "recall_hit": "recall hit",
}
QUOTED = {  # which of them by the recall that a protocol quotes, its own F1 first
    "all": ("f1", "precision", "recall", "f1_hit"),
    "hit": ("f1_hit", "precision", "recall_hit", "f1"),
}


def headline(scores: Scores) -> str:
    """The scores that are quoted most, large, with their intervals; the protocol's own first."""
    total = scores.total
    tiles = [
        _headline_tile(HEADLINE[name], share(total, name), scores.interval(name))
        for name in QUOTED[scores.rule.recall]
    ]
    errors = total.fp1 + total.fp2 + total.fn
    tiles.append(f"<div><b>{errors:,}</b><span>errors in {total.frames:,} frames</span></div>")
    return f'<div class="headline">{"".join(tiles)}</div>{outcome_bar(total)}{legend()}'


def _headline_tile(label: str, value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None:
        return f"<div><b>-</b><span>{label}</span></div>"
    between = f", {100 * interval[0]:.1f} to {100 * interval[1]:.1f}" if interval else ""
    return f"<div><b>{100 * value:.1f}</b><span>{label}{between}</span></div>"


def table(scores: Scores) -> str:
    """The table of the terminal, with bars; the clip with the most errors first."""
    body = [_row("total", "Total", scores.total)]
    body += [_row("sport", sport, counts) for sport, counts in scores.by_sport.items()]
    body += [_row("", score.clip.name, score.counts) for score in worst_first(scores.clips)]
    lines = "".join(f"<li>{escape(line)}</li>" for line in details(scores))
    grid = _grid("scores by clip", ("Clip", "", *COLUMNS), "".join(body))
    return f"{grid}<p>{escape(CAPTION)}.</p><ul>{lines}</ul>"


def _row(style: str, name: str, counts: Counts) -> str:
    numbers = "".join(f"<td>{cell}</td>" for cell in cells(counts))
    return f'<tr class="{style}">{_name(name)}<td class="share">{outcome_bar(counts)}</td>{numbers}</tr>'


def _name(name: str) -> str:
    """The first cell of a row; a long name is cut to its column, and whole where the pointer rests."""
    return f'<th scope="row" title="{escape(name)}">{escape(name)}</th>'


def _grid(name: str, head: Iterable[str], rows: str, style: str = "") -> str:
    """A table that scrolls sideways where it must, by keyboard too; a column without title is one of bars."""
    titles = "".join(
        f'<th scope="col">{escape(title)}</th>' if title else '<td class="share"></td>' for title in head
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(name)}"><table class="{style}">'
        f"<thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def worst_first(clips: Iterable[ClipScore]) -> list[ClipScore]:
    """Clips by the number of frames scored wrong, most first."""
    return sorted(clips, key=_errors, reverse=True)


def _errors(score: ClipScore) -> int:
    return int(np.isin(score.codes, (FP1, FP2, FN)).sum())


def timelines(scores: Scores) -> str:
    """The frames of each clip in the colours of their outcomes."""
    rows = "".join(_timeline(score) for score in worst_first(scores.clips))
    head = ("Clip", "Frames, by number", "Errors", "Longest miss")
    told = f"Of more than {STRIP_COLUMNS} frames several make a column, in the colour of the worst of them."
    return f"{legend()}<p>{told}</p>{_grid('outcomes frame by frame', head, rows, 'timelines')}"


def _timeline(score: ClipScore) -> str:
    return (
        f"<tr>{_name(score.clip.name)}<td>{timeline_strip(score) or 'no frames'}</td>"
        f"<td>{_errors(score)}</td><td>{score.longest_miss}</td></tr>"
    )


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
    """Shares of right frames by class: of all clips with a bar, and of each sport where there are several."""
    sports = list(scores.by_sport) if len(scores.by_sport) > 1 else []
    columns = [split(tuple(s for s in scores.clips if s.clip.sport == sport)) for sport in sports]
    rows = "".join(
        f'<tr>{_name(key)}<td class="share">{outcome_bar(counts)}</td><td>{counts.frames}</td>'
        + "".join(_right(column.get(key, Counts())) for column in (split(scores.clips), *columns))
        + "</tr>"
        for key, counts in split(scores.clips).items()
    )
    return _grid(f"frames that are right, by {name}", (name, "", "Frames", "Right", *sports), rows)


def _right(counts: Counts) -> str:
    return f"<td>{100 * counts.accuracy:.1f}</td>" if counts.frames else "<td>-</td>"


def worst_frames(scores: Scores) -> str:
    """The worst errors of each kind as crops, the pictures inside the page."""
    tiles = error_tiles(worst_errors(scores.clips))
    if not tiles:
        return "<p>There are no errors.</p>"
    figures = []
    for tile in tiles:
        data = base64.b64encode(encode_picture(tile.picture, ".jpg")).decode()
        caption, said = "<br>".join(map(escape, tile.caption)), escape(", ".join(tile.caption))
        figures.append(
            f'<figure><img src="data:image/jpeg;base64,{data}" alt="{said}" loading="lazy">'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    return (
        "<p>The label is a green circle, the detection a red cross. Of neighbouring frames of a clip only the "
        f'worst is shown.</p><div class="frames">{"".join(figures)}</div>'
    )
