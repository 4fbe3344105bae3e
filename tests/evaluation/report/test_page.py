"""The page of an evaluation: that it stands alone, its parts, and what it says where there is little to show."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.helpers.labelled_clips import clip_score, flight, make_clip, true_rows, write_csv
from tracknet_jax.evaluation.footage import of_files
from tracknet_jax.evaluation.others.predictions import score_predictions
from tracknet_jax.evaluation.report.page import build_page, settings, worst_first, write_page
from tracknet_jax.evaluation.report.page_bars import outcome_bar, timeline_strip
from tracknet_jax.evaluation.report.page_charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Chart, ticks
from tracknet_jax.evaluation.scores import Scores
from tracknet_jax.scoring.metrics import FN, FP1, FP2, TN, TP, Counts
from tracknet_jax.scoring.protocols import protocol
from tracknet_jax.utils.errors import UserError

NAN = np.nan
RUN = {
    "command": "tracknet evaluate --data 'a & b'",
    "checkpoint": None,
    "model": None,
    "predictions": "<csv>",
    "data": "a & b",
    "split": "val",
    "split_by": None,
    "dtype": None,
    "conv": None,
    "overlap": "none",
    "threshold": None,
    "link": False,
    "rectify": "none",
    "rectifier": None,
    "protocol": "default",
    "counting": "frames",
}
VOID = {"meta", "img", "br", "line", "rect", "circle", "polyline"}


class Page(HTMLParser):
    """Checks that every element is closed, and keeps tags with their attributes, and the text."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID or (tag == "rect" and not self.get_starttag_text().endswith("/>")):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def count(self, tag, **attributes):
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return sum(t == tag and wanted.items() <= given.items() for t, given in self.tags)


@pytest.fixture
def scores(tmp_path):
    """Twelve frames: two balls missed, one wrong place, one false detection; confidences that fall."""
    xy = flight(12)
    xy[[4, 5]] = NAN
    clip = make_clip(tmp_path, "game1/Clip<1>", xy, np.isfinite(xy[:, 0]))
    rows = [(*row, 0.99 - 0.05 * row[0]) for row in true_rows(clip)]
    rows[1] = (1, 0, 0, 0, 0)
    rows[2] = (2, 0, 0, 0, 0)
    rows[5] = (5, 1, 60, 20, 0.4)
    rows[8] = (8, 1, 5, 5, 0.3)
    write_csv(tmp_path / "csv" / "Clip<1>_ball.csv", rows, "Frame,Visibility,X,Y,Confidence")
    rule = protocol("default")
    return Scores(rule, tuple(score_predictions([of_files(clip)], tmp_path / "csv", rule)))


def test_the_page_stands_alone_and_is_well_formed(scores):
    html = build_page(scores, RUN)
    page = Page(html)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    assert "http" not in html.replace('charset="utf-8"', "")
    assert "url(" not in html
    sources = [attributes["src"] for _, attributes in page.tags if "src" in attributes]
    assert len(sources) == 3  # of the two misses only one, they are neighbours
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    for part in (
        "<csv> on a & b, split val",
        "game1/Clip<1>",
        "frame 8",
        "clear",
        "best F1",
        "Protocol default",
    ):
        assert part in page.text
    assert page.count("svg", class_="chart") == 6
    assert page.count("rect", class_="fn") == page.count("rect", class_="fp1") == 1  # runs of the strip
    assert [attributes["alt"] for tag, attributes in page.tags if tag == "img"] == [
        "game1/Clip<1> frame 8, FP1: 296 px off, confidence 0.30",
        "game1/Clip<1> frame 5, FP2: nothing there, confidence 0.40",
        "game1/Clip<1> frame 1, FN: lost for 2 frames, clear",
    ]


def test_the_page_can_be_read_by_ear_and_keyboard(scores):
    page = Page(build_page(scores, RUN))
    assert {given.get("scope") for tag, given in page.tags if tag == "th"} == {"row", "col"}
    boxes = [given for tag, given in page.tags if given.get("class") == "wide"]
    assert len(boxes) == page.count("table") == 4
    assert all(box["tabindex"] == "0" and box["aria-label"] for box in boxes)


def test_files_without_confidences_have_no_curves(scores):
    (clip,) = scores.clips
    certain = Scores(scores.rule, (replace(clip, confidence=np.ones(12)),))
    page = Page(build_page(certain, RUN))
    assert page.count("svg", class_="chart") == 2  # distances, tolerances
    assert "no curves over them" in page.text


def test_a_page_of_nothing_found():
    silent = Scores(protocol("default"), (clip_score("a", [TN, TN], [NAN, NAN]),))
    page = Page(build_page(silent, RUN))
    assert page.count("svg", class_="chart") == 1  # tolerances
    for part in ("There are no errors", "no distances", "Nothing was found, so there are no curves"):
        assert part in page.text
    assert "come without confidences" not in page.text


def test_the_file_is_whole_or_not_there(scores, tmp_path):
    path = write_page(tmp_path / "new" / "report", scores, RUN)
    assert [file.name for file in path.parent.iterdir()] == ["index.html"]
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/index\.html: cannot be written"):
        write_page(tmp_path / "file", scores, RUN)


def test_bars_are_as_long_as_the_counts():
    bar = outcome_bar(Counts(tp=6, fp2=1, fn=3, ignored=9))
    assert re.findall(r'class="(\w+)" style="flex-grow:(\d+)"', bar) == [
        ("tp", "6"),
        ("fp2", "1"),
        ("fn", "3"),
    ]


def test_the_options_are_told():
    checkpoint = RUN | {"predictions": None, "checkpoint": "tracknet_nano", "link": True}
    assert settings(checkpoint) == "Options: overlap none, threshold 0.5, link yes, rectify none."
    more = checkpoint | {
        "threshold": 0.4,
        "link": False,
        "rectify": "net",
        "rectifier": "own",
        "split_by": "game",
    }
    assert settings(more) == (
        "Options: split by game, overlap none, threshold 0.4, link no, rectify net own."
    )
    assert settings(checkpoint | {"dtype": "bfloat16", "counting": "windows"}) == "Options: dtype bfloat16."
    assert settings(RUN) == ""  # files are taken as they are


def test_a_strip_covers_the_frames():
    score = replace(clip_score("<a>", [TP, TP, FN, FP1], [1, 1, NAN, 9]), frame=np.array([5, 6, 7, 9]))
    strip = ElementTree.fromstring(f"<td>{timeline_strip(score)}</td>").find("svg")
    assert strip.get("viewBox") == "0 0 5 1"
    assert [tuple(map(bar.get, ("class", "x", "width"))) for bar in strip] == [
        ("tp", "0", "2"),
        ("fp1", "4", "1"),
        ("fn", "2", "1"),  # the worst is painted last
    ]
    assert strip[1].find("title").text == "frame 9: FP1, found in a wrong place"
    assert strip.get("aria-label") == (
        "outcomes of the frames of <a>: TP 2, TN 0, FP1 1, FP2 0, FN 1, longest miss 2"
    )
    assert timeline_strip(clip_score("none", [], [])) == ""


def test_no_error_of_a_long_clip_is_lost():
    codes = np.full(18_000, TP)
    codes[[0, 6_001, 17_999]], codes[[6_000, 9_010]] = FN, FP2
    cell = ElementTree.fromstring(f"<td>{timeline_strip(clip_score('long', codes, np.ones(18_000)))}</td>")
    bars = cell.find("svg")
    # Thirty frames a column: that of 6,000 holds two errors, of which the miss is worse.
    assert [tuple(map(bar.get, ("class", "x", "width"))) for bar in bars if bar.get("class") != "tp"] == [
        ("fp2", "9000", "30"),
        ("fn", "0", "30"),
        ("fn", "6000", "30"),
        ("fn", "17970", "30"),
    ]
    assert sum(int(bar.get("width")) for bar in bars) == 18_000
    assert bars[-1].find("title").text == "frames 17970 to 17999: at worst FN, not found"
    labels = {int(tick.text): tick.get("style") for tick in cell.find("div")}
    assert list(labels) == list(range(0, 17_000, 2_000))
    assert labels[8_000] == "left:44.45%"


def test_clips_with_most_errors_first():
    names = {"few": [FN, TP, TP], "none": [TP, TN], "many": [FP1, FP2, FN]}
    clips = [clip_score(name, codes, [1] * len(codes)) for name, codes in names.items()]
    assert [score.clip.name for score in worst_first(clips)] == ["many", "few", "none"]


def test_a_chart_puts_values_where_its_axes_say():
    chart = Chart("<x>", "y", x=(0, 10), y=(0.5, 1))
    chart.line([0, 5, 10], [0.5, 0.75, 1], "blue")
    chart.bars([0, 5, 10], [NAN, 0.75], ["none", "<3>"])
    root = ElementTree.fromstring(chart.svg("a & b"))
    points = [tuple(map(float, p.split(","))) for p in root.find("polyline").get("points").split()]
    assert points == [
        (LEFT, HEIGHT - BOTTOM),
        ((LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2),
        (WIDTH - RIGHT, TOP),
    ]
    (bar,) = root.findall("rect")
    assert bar.find("title").text == "<3>"
    assert float(bar.get("y")) == points[1][1]
    assert float(bar.get("x")) == points[1][0] + 1
    assert float(bar.get("x")) + float(bar.get("width")) == WIDTH - RIGHT - 1
    assert float(bar.get("y")) + float(bar.get("height")) == HEIGHT - BOTTOM


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.9, 1, [0.9, 0.92, 0.94, 0.96, 0.98, 1]),
        (0, 8, [0, 2, 4, 6, 8]),
        (0, 648, [0, 100, 200, 300, 400, 500, 600]),
    ],
)
def test_ticks_are_round_numbers(low, high, expected):
    assert ticks(low, high) == expected
    assert all(f"{tick:g}"[0] != "-" for tick in ticks(low, high))
