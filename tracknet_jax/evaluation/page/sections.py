"""The parts of the page, each a function from scores to HTML."""

import base64
from collections.abc import Callable, Iterable, Mapping
from html import escape

import numpy as np

from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.evaluation.page.bars import legend, outcome_bar, timeline_strip
from tracknet_jax.evaluation.report import CAPTION, COLUMNS, cells, details
from tracknet_jax.evaluation.scores import Scores
from tracknet_jax.evaluation.speed import by_speed
from tracknet_jax.evaluation.timeline import timeline
from tracknet_jax.evaluation.worst import error_tiles, worst_errors
from tracknet_jax.metrics import FN, FP1, FP2, Counts
from tracknet_jax.pictures import encode_picture

HEADLINE = {"f1_hit": "F1 hit", "f1": "F1", "precision": "precision", "recall": "recall"}


def headline(scores: Scores) -> str:
    """The scores that are quoted most, large, with their intervals."""
    total = scores.total
    tiles = [
        _headline_tile(label, getattr(total, name), scores.interval(name)) for name, label in HEADLINE.items()
    ]
    errors = total.fp1 + total.fp2 + total.fn
    tiles.append(f"<div><b>{errors:,}</b><span>errors in {total.frames:,} frames</span></div>")
    return f'<div class="headline">{"".join(tiles)}</div>{outcome_bar(total)}{legend()}'


def _headline_tile(label: str, share: float, interval: tuple[float, float] | None) -> str:
    between = f", {100 * interval[0]:.1f} to {100 * interval[1]:.1f}" if interval else ""
    return f"<div><b>{100 * share:.1f}</b><span>{label}{between}</span></div>"


def table(scores: Scores) -> str:
    """The table of the terminal, with bars; the clip with the most errors first."""
    head = "".join(f"<th>{escape(name)}</th>" for name in ("Clip", "", *COLUMNS))
    body = [_row("total", "Total", scores.total)]
    body += [_row("sport", sport, counts) for sport, counts in scores.by_sport.items()]
    body += [_row("", score.clip.name, score.counts) for score in worst_first(scores.clips)]
    lines = "".join(f"<li>{escape(line)}</li>" for line in details(scores))
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
        f"<p>{escape(CAPTION)}.</p><ul>{lines}</ul>"
    )


def _row(style: str, name: str, counts: Counts) -> str:
    numbers = "".join(f"<td>{cell}</td>" for cell in cells(counts))
    return f'<tr class="{style}"><th>{escape(name)}</th><td>{outcome_bar(counts)}</td>{numbers}</tr>'


def worst_first(clips: Iterable[ClipScore]) -> list[ClipScore]:
    """Clips by the number of frames scored wrong, most first."""
    return sorted(clips, key=lambda s: int(np.isin(s.codes, (FP1, FP2, FN)).sum()), reverse=True)


def timelines(scores: Scores) -> str:
    """The frames of each clip in the colours of their outcomes."""
    rows = []
    for score in worst_first(scores.clips):
        runs = timeline(score)
        between = f"{runs[0].first} to {runs[-1].last}" if runs else "no frames"
        rows.append(
            f"<tr><th>{escape(score.clip.name)}</th><td>{timeline_strip(runs, score.clip.name)}</td>"
            f"<td>{between}</td></tr>"
        )
    return (
        f'{legend()}<div class="wide"><table class="timelines"><tbody>{"".join(rows)}</tbody></table></div>'
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
    head = "".join(f"<th>{escape(title)}</th>" for title in (name, "", "Frames", "Right", *sports))
    rows = "".join(
        f"<tr><th>{escape(key)}</th><td>{outcome_bar(counts)}</td><td>{counts.frames}</td>"
        + "".join(_right(column.get(key, Counts())) for column in (split(scores.clips), *columns))
        + "</tr>"
        for key, counts in split(scores.clips).items()
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


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
        caption = "<br>".join(map(escape, tile.caption))
        figures.append(
            f'<figure><img src="data:image/jpeg;base64,{data}" alt="{escape(tile.caption[0])}" loading="lazy">'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    return (
        "<p>The label is a green circle, the detection a red cross. Of neighbouring frames of a clip only the "
        f'worst is shown.</p><div class="frames">{"".join(figures)}</div>'
    )
