"""`make results` on a fake checkpoint and two clips: the tables, what is scored again, and what stays untouched."""

import re

import cv2
import numpy as np
import pytest
import results
import scoring

from tests.helpers.fake_release import bright_dot_release
from tests.helpers.labelled_clips import SIZE, flight, make_clip, write_csv
from tracknet_jax.releases.release import shipped_releases
from tracknet_jax.utils.errors import UserError

BLOCK = f"before\n{results.BLOCK.begin}\nold\n{results.BLOCK.end}\nafter\n"


@pytest.fixture
def clips(tmp_path):
    """Ten balls of which one lies 8 px beside the dot, and six frames without any."""
    for name, xy in (("val/game1/Clip1", flight(10)), ("val/game2/Clip1", np.full((6, 2), np.nan))):
        clip = make_clip(tmp_path / "clips", name, xy, np.isfinite(xy[:, 0]))
        xy[4] += 8
        rows = [
            (file.name, *((1, x, y) if np.isfinite(x) else (0, "", "")), "")
            for file, (x, y) in zip(clip.frames, xy.tolist(), strict=True)
        ]
        header = "file name,visibility,x-coordinate,y-coordinate,status"
        write_csv(tmp_path / "clips" / name / "Label.csv", rows, header)
    return tmp_path / "clips"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkout with one checkpoint; its scores are counted in the list `scored`."""
    weights = tmp_path / "weights" / "dot"
    weights.mkdir(parents=True)
    (weights / "config.json").write_text("{}")
    (weights / "CARD.md").write_text(BLOCK)
    (tmp_path / "README.md").write_text(BLOCK)
    release = bright_dot_release(width=SIZE[0], height=SIZE[1])
    monkeypatch.setattr("tracknet_jax.releases.release.load_release", lambda asked: release)
    monkeypatch.setattr(results, "shipped_releases", lambda: {"dot": weights})
    return tmp_path


def test_every_document_gets_its_tables(root, clips, monkeypatch):
    scored, evaluate = [], scoring.tracknet
    monkeypatch.setattr(scoring, "tracknet", lambda command: scored.append(command) or evaluate(command))
    results.write_results(clips, root, reuse=False)
    assert [command[7:-2] for command in scored] == [[], ["--overlap", "weighted"], ["--no-link"]]

    readme = (root / "README.md").read_text()
    assert readme.startswith(f"before\n{results.BLOCK.begin}\n| options | sport | frames | F1 hit |")
    assert readme.endswith(f"|\n{results.BLOCK.end}\nafter\n")
    row = "tennis | 16 | 94.7 | 90.0 | 90.0 | 100.0 | 90.0 |"  # 9 TP, 1 FP1
    for options in ("default", "`--overlap weighted`", "`--no-link`"):
        assert f"| {options} | {row}" in readme
    card = (root / "weights" / "dot" / "CARD.md").read_text()
    assert "| visibility | clear | 10 | 90.0 |" in card
    assert "| visibility | no ball | 6 | 100.0 |" in card
    assert "| px a frame at 512x288 | 20 to 40 |" in card
    assert re.search(
        r"error of the confidences, per cent: default \d+\.\d, `--overlap weighted` \d+\.\d, `--no-link` \d",
        card,
    )
    assert cv2.imread(str(root / "docs" / "images" / "dot_reliability.png")).shape == (552, 600, 3)

    # Scores that are still right are taken if asked for; `tests/tools/test_scoring.py` says when they are.
    results.write_results(clips, root, reuse=True)
    assert len(scored) == 3
    assert (root / "README.md").read_text() == readme


def test_several_checkpoints_and_sports_have_columns_and_sums():
    counts = {"frames": 4, "f1_hit": 0.5, "f1": 0.4, "precision": 0.3, "recall_hit": 0.2, "recall": 0.1}
    report = {"sports": {"padel": counts, "tennis": counts}, "total": counts | {"frames": 8}}
    table = results.results_table([results.Variant("a", ("--no-link",), report)], with_checkpoint=True)
    assert table.splitlines()[2:] == [
        "| `a` | `--no-link` | padel | 4 | 50.0 | 40.0 | 30.0 | 20.0 | 10.0 |",
        "| `a` | `--no-link` | tennis | 4 | 50.0 | 40.0 | 30.0 | 20.0 | 10.0 |",
        "| `a` | `--no-link` | all | 8 | 50.0 | 40.0 | 30.0 | 20.0 | 10.0 |",
    ]
    assert {line.count("|") for line in table.splitlines()} == {10}


@pytest.mark.parametrize(
    "text", ["no block", results.BLOCK.begin, f"{results.BLOCK.end}{results.BLOCK.begin}", 2 * BLOCK]
)
def test_a_document_without_its_block_is_told_before_anything_is_scored(root, clips, monkeypatch, text):
    (root / "weights" / "dot" / "CARD.md").write_text(text)
    monkeypatch.setattr(scoring, "tracknet", lambda command: pytest.fail("scored"))
    with pytest.raises(UserError, match=r"CARD\.md: expected one block, between"):
        results.write_results(clips, root, reuse=False)
    assert (root / "README.md").read_text() == BLOCK


def test_a_failed_evaluation_changes_nothing(root, capsys):
    with pytest.raises(UserError, match="could not score dot: tracknet evaluate"):
        results.write_results(root / "nowhere", root, reuse=True)
    assert "nowhere" in capsys.readouterr().err
    assert (root / "README.md").read_text() == BLOCK


def test_our_own_documents_have_their_blocks():
    cards = [folder / "CARD.md" for folder in shipped_releases().values()]
    assert cards
    for document in (results.ROOT / "README.md", *cards):
        results.BLOCK.read(document)


def test_the_picture_shows_the_bins():
    bins = [{"low": 0.1 * k, "high": 0.1 * k + 0.1, "count": 0} for k in range(10)]
    bins[2] |= {"count": 3, "confidence": 0.25, "right": 0.2}
    bins[9] |= {"count": 9, "confidence": 0.93, "right": 0.99}
    figure = results.reliability_picture({"bins": bins, "expected_calibration_error": 0.0575})
    shares, counts = ([round(bar.get_height(), 6) for bar in axes.patches] for axes in figure.axes)
    assert shares == [0.2, 0.99]
    assert counts == [0.25, 0.75]
    assert figure.get_suptitle() == "12 detections, expected calibration error 5.8 %"
