"""The figures on the page: every number, bar and line against scores made by hand, of which no two are equal."""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.helpers.labelled_clips import clip_score
from tracknet_jax.data.clips import CLEAR, HARD, NO_BALL
from tracknet_jax.evaluation.report.page import by_class, headline, table, timelines
from tracknet_jax.evaluation.report.page_charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from tracknet_jax.evaluation.report.page_figures import charts
from tracknet_jax.evaluation.scores import Scores
from tracknet_jax.scoring.metrics import FN, FP1, FP2, TN, TP
from tracknet_jax.scoring.protocols import protocol

NAN = np.nan
DISTANCE = {TP: 1.0, TN: NAN, FP1: 9.0, FP2: NAN, FN: NAN}


def clip(name, sport, counts, hard=0):
    """A clip with so many frames of each outcome; the first of its balls are hard to see."""
    codes = [code for code, count in counts.items() for _ in range(count)]
    visibility = np.where(np.isin(codes, (TN, FP2)), NO_BALL, CLEAR)
    visibility[:hard] = HARD
    return clip_score(name, codes, [DISTANCE[code] for code in codes], visibility.tolist(), sport)


@pytest.fixture
def scores():
    """In all: 29 TP, 11 TN, 5 FP1, 3 FP2, 2 FN."""
    tennis = clip("game1/Clip1", "tennis", {TP: 20, TN: 10, FP1: 1, FP2: 1, FN: 0}, hard=4)
    badminton = clip("match1/rally1", "badminton", {TP: 9, TN: 1, FP1: 4, FP2: 2, FN: 2})
    return Scores(protocol("default"), (tennis, badminton))


def parse(html):
    return ElementTree.fromstring(f"<div>{html}</div>")


def tiles(scores):
    """What stands under each large figure, and the figure."""
    found = parse(headline(scores)).findall("./div[@class='headline']/div")
    return [(tile.find("span").text, tile.find("b").text) for tile in found]


def rows(root):
    """The cells of each row of a table by the name in its first; None for a bar."""
    body = root.findall(".//tbody/tr")
    return {row.find("th").text: [cell.text for cell in row.findall("td")] for row in body}


def figure(root, title):
    (found,) = (one for one in root.iter("figure") if one.findtext("h3") == title)
    return found


def values(line, x, y):
    """The points of a line as the axes of its chart say, whose bounds are `x` and `y`."""
    points = np.array([point.split(",") for point in line.get("points").split()], float)
    share_x = (points[:, 0] - LEFT) / (WIDTH - LEFT - RIGHT)
    share_y = (HEIGHT - BOTTOM - points[:, 1]) / (HEIGHT - TOP - BOTTOM)
    return np.stack([x[0] + share_x * (x[1] - x[0]), y[0] + share_y * (y[1] - y[0])], -1)


def line(root, style):
    (found,) = (one for one in root.iter("polyline") if style in one.get("class").split())
    return found


def test_the_headline(scores):
    precision, recall, hit = 29 / 37, 29 / 36, 29 / 31
    expected = {
        "F1": 2 * precision * recall / (precision + recall),
        "precision": precision,
        "recall": recall,
        "F1 hit": 2 * precision * hit / (precision + hit),
    }
    shown = tiles(scores)
    assert [(label.split(",")[0], value) for label, value in shown] == [
        *((name, f"{100 * share:.1f}") for name, share in expected.items()),
        ("errors in 50 frames", "10"),
    ]
    # Of two clips the interval reaches from the worse to the better.
    worse, better = 9 / 15, 20 / 22
    assert shown[1][0] == f"precision, {100 * worse:.1f} to {100 * better:.1f}"


def test_the_headline_begins_with_what_the_protocol_quotes(scores):
    shown = tiles(replace(scores, rule=protocol("tracknet_v2")))
    assert [label.split(",")[0] for label, _ in shown[:4]] == ["F1 hit", "precision", "recall hit", "F1"]
    assert shown[2][1] == f"{100 * 29 / 31:.1f}"


def test_the_headline_of_nothing_found_or_nothing_there():
    missed = Scores(protocol("default"), (clip("a", "", {FN: 3}), clip("b", "", {FN: 2})))
    assert tiles(missed)[:3] == [("F1, 0.0 to 0.0", "0.0"), ("precision", "-"), ("recall, 0.0 to 0.0", "0.0")]
    empty = Scores(protocol("default"), (clip("a", "", {TN: 3}),))
    assert [value for _, value in tiles(empty)] == ["-", "-", "-", "-", "0"]


def test_the_table(scores):
    root = parse(table(scores))
    head = [(cell.text or "").replace("\n", " ") for cell in root.find(".//thead/tr")]
    assert head[:8] == ["Clip", "", "Frames", "TP", "TN", "FP1", "FP2", "FN"]
    assert head[8:] == ["Acc", "Prec", "Recall", "F1", "Recall hit", "F1 hit"]
    shown = rows(root)
    assert list(shown) == ["Total", "badminton", "tennis", "match1/rally1", "game1/Clip1"]
    figures = [*map(str, (18, 9, 1, 4, 2, 2)), "55.56", "60.00", "60.00", "60.00", "81.82", "69.23"]
    assert shown["match1/rally1"] == shown["badminton"] == [None, *figures]
    assert shown["Total"][1:7] == ["50", "29", "11", "5", "3", "2"]


def test_the_timelines(scores):
    shown = rows(parse(timelines(scores)))
    assert {name: cells[1:] for name, cells in shown.items()} == {
        "match1/rally1": ["8", "4"],  # the frames of its FN and FP1 are apart
        "game1/Clip1": ["2", "1"],
    }


def test_classes_and_sports(scores):
    root = parse(by_class(scores))
    speed, visibility = root.findall(".//figure")
    assert [cell.text for cell in visibility.find(".//thead/tr")] == [
        *("visibility", None, "Frames", "Right", "badminton", "tennis")
    ]
    assert rows(visibility) == {
        "no ball": [None, "14", "78.6", "33.3", "90.9"],
        "clear": [None, "32", "78.1", "60.0", "94.1"],
        "hard to see": [None, "4", "100.0", "-", "100.0"],
    }
    assert rows(speed) == {
        "0 to 2": [None, "35", "82.9", "60.0", "100.0"],
        "unknown": [None, "1", "0.0", "-", "0.0"],  # the wrong place, with no ball in the frames beside it
    }


@pytest.fixture
def confident():
    """Precision 1, 1/2, 2/3, 3/4, 3/5 and recall 1/4, 1/4, 2/4, 3/4, 3/4 as the threshold falls; one ball is missed."""
    codes = [TP, FP2, TP, TP, FP2, FN]
    score = clip_score("a", codes, [1, NAN, 1, 1, NAN, NAN])
    return Scores(protocol("default"), (replace(score, confidence=np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0])),))


def test_precision_and_recall(confident):
    shown = figure(parse(charts(confident)), "Precision and recall")
    curve = values(line(shown, "blue"), (0, 1), (0.5, 1))
    recall, precision = [3 / 4, 3 / 4, 2 / 4, 1 / 4, 1 / 4], [3 / 5, 3 / 4, 2 / 3, 1 / 2, 1]
    np.testing.assert_allclose(curve, np.stack([recall, precision], -1), atol=1e-3)
    assert [text.text for text in shown.iter("text")][-5:] == ["as scored", "0.6", "0.7", "0.8", "0.9"]
    # One step of recall at each TP: 1, 2/3, 3/4, and none for the ball that is missed.
    assert f"{100 * (1 + 2 / 3 + 3 / 4) / 4:.1f} per cent" in shown.findtext("figcaption")


def test_scores_by_threshold(confident):
    shown = figure(parse(charts(confident)), "Scores by threshold")
    threshold, precision = [0.5, 0.6, 0.7, 0.8, 0.9], np.array([3 / 5, 3 / 4, 2 / 3, 1 / 2, 1])
    recall = np.array([3 / 4, 3 / 4, 2 / 4, 1 / 4, 1 / 4])
    f1 = 2 * precision * recall / (precision + recall)
    for style, expected in {"blue": precision, "orange": recall, "green": f1}.items():
        drawn = values(line(shown, style), (0.5, 1), (0, 1))
        np.testing.assert_allclose(drawn, np.stack([threshold, expected], -1), atol=1e-3)
    assert f"F1 is {100 * f1[0]:.1f} as scored, and at best 75.0 from 0.60 on" in shown.findtext("figcaption")


def test_f1_hit_by_threshold():
    score = clip_score("a", [TP, FP1, FN], [1, 9, NAN])
    score = replace(score, confidence=np.array([0.9, 0.6, 0]))
    shown = figure(parse(charts(Scores(protocol("default"), (score,)))), "Scores by threshold")
    # The wrong place is neither hit nor miss, and a miss once it is dropped.
    np.testing.assert_allclose(
        values(line(shown, "violet"), (0.6, 1), (0, 1))[:, 1], [1 / 2, 1 / 2], atol=1e-3
    )
    np.testing.assert_allclose(
        values(line(shown, "green"), (0.6, 1), (0, 1))[:, 1], [2 / 5, 1 / 2], atol=1e-3
    )


def test_where_the_best_threshold_is_the_one_that_was_used():
    score = clip_score("a", [TP, TP, TP], [1, 1, 1])
    score = replace(score, confidence=np.array([0.9, 0.8, 0.7]))
    shown = figure(parse(charts(Scores(protocol("default"), (score,)))), "Scores by threshold")
    assert "F1 is 100.0 as scored: no higher threshold is better" in shown.findtext("figcaption")
    assert "at best" not in shown.findtext("figcaption")


def test_reliability():
    codes, confidence = [TP, FP2, TP, TP, TP, FP1, FN], [0.52, 0.58, 0.91, 0.93, 0.95, 0.97, 0]
    score = clip_score("a", codes, [DISTANCE[code] for code in codes])
    score = replace(score, confidence=np.array(confidence))
    root = parse(charts(Scores(protocol("default"), (score,))))
    shown, counts = figure(root, "Reliability"), figure(root, "Detections by confidence")
    for chart, heights in ((shown, [1 / 2, 3 / 4]), (counts, [2 / 6, 4 / 6])):
        bars = list(chart.iter("rect"))
        drawn = [float(bar.get("height")) / (HEIGHT - TOP - BOTTOM) for bar in bars]
        np.testing.assert_allclose(drawn, heights, atol=1e-3)
    assert [bar.findtext("title") for bar in shown.iter("rect")] == [
        "0.5 to 0.6: 50.0 per cent of 2 detections",
        "0.9 to 1: 75.0 per cent of 4 detections",
    ]
    assert [bar.findtext("title") for bar in counts.iter("rect")][1] == "0.9 to 1: 4 of 6 detections"
    np.testing.assert_allclose(
        values(line(shown, "orange"), (0, 1), (0, 1)), [(0.55, 1 / 2), (0.94, 3 / 4)], atol=2e-3
    )
    error = (2 * 0.05 + 4 * 0.19) / 6
    assert f"calibration error: {100 * error:.1f} per cent" in shown.findtext("figcaption")


def test_distances():
    score = clip_score("a", [TP, TP, TP, FP1, FN], [0.2, 0.3, 1.2, 90, NAN])
    shown = figure(parse(charts(Scores(protocol("default"), (score,)))), "Distance from the ball")
    titles = [bar.findtext("title") for bar in shown.iter("rect")]
    assert titles == ["0 to 0.5 px: 2", "1 to 1.5 px: 1"]
    assert "1 of 4 lie farther off" in shown.findtext("figcaption")


def test_scores_by_tolerance():
    score = clip_score("a", [TP, TP, FP1, FN], [0.9, 3.8, 7, NAN])
    shown = figure(parse(charts(Scores(protocol("default"), (score,)))), "Scores by tolerance")
    f1, f1_hit = (
        dict(values(line(shown, style), (0, 8), (0, 1)).round(2).tolist()) for style in ("green", "violet")
    )
    # Right: one of three detections, then two, then all, of four balls.
    assert (f1[1.0], f1[4.0], f1[7.0]) == pytest.approx((2 / 7, 4 / 7, 6 / 7), abs=0.01)
    assert (f1_hit[1.0], f1_hit[4.0]) == pytest.approx((2 / 5, 4 / 6), abs=0.01)
