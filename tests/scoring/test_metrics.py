"""The scores against the references' own (golden slices), published tables and cases made by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tracknet_jax.scoring import metrics
from tracknet_jax.scoring.metrics import FN, FP1, FP2, IGNORED, TN, TP, Counts
from tracknet_jax.scoring.protocols import (
    PROTOCOLS,
    disc_box_centres,
    outcomes,
    protocol,
    reference_points,
    to_pixels,
)
from tracknet_jax.utils.errors import UserError

DEFAULT = protocol("default")
TESTS = Path(__file__).resolve().parents[1]
FULL = TESTS.parents[1] / "shared" / "fixtures" / "metrics.npz"


@pytest.fixture(scope="module", params=["slice", "full"])
def golden(request):
    path = TESTS / "golden" / "metrics.npz" if request.param == "slice" else FULL
    if not path.is_file():
        pytest.skip("the full fixtures are not here")
    with np.load(path) as file:
        return dict(file)


def points(xy, missing):
    return np.where(np.asarray(missing)[:, None], np.nan, np.asarray(xy, np.float64))


def minus_one_is_none(xy):
    return points(xy, (xy < 0).any(-1))


@pytest.fixture(scope="module")
def frames(golden):
    """Truth in source pixels, its visibility and predictions in network pixels."""
    truth = minus_one_is_none(golden["frames/gt_xy_1280x720"])
    visibility = np.isfinite(truth).all(-1).astype(np.uint8)
    return truth, visibility, minus_one_is_none(golden["frames/pred_xy_512x288"])


@pytest.mark.parametrize("name", ["tracknet_v2", "tracknet_v3", "tracknet_v4"])
@pytest.mark.parametrize("tolerance", [4, 5])
def test_v2_v3_v4_codes(golden, frames, name, tolerance):
    truth, visibility, predicted = frames
    rule = replace(protocol(name), tolerance=tolerance)
    reference = reference_points(truth, (1280, 720), rule)
    np.testing.assert_array_equal(reference, minus_one_is_none(golden["frames/gt_xy_512x288"]))
    codes = outcomes(predicted, reference, visibility, rule)
    source = "qaz_heatmap" if name == "tracknet_v3" else "official"
    np.testing.assert_array_equal(codes, golden[f"{source}/type_tol{tolerance}"])


def test_v3_scores(golden):
    counts = Counts(*golden["qaz_heatmap/counts_tol4"].tolist())
    expected = golden["qaz_heatmap/acc_prec_rec_f1_miss_tol4"]
    scores = (counts.accuracy, counts.precision, counts.recall_hit, counts.f1_hit, 1 - counts.recall_hit)
    np.testing.assert_allclose(scores, expected, rtol=1e-9)


def test_v3_coordinate_path(golden):
    def pixels(normalised):  # (0, 0) is no ball; whole network pixels
        flat = normalised.reshape(-1, 2)
        return points(np.trunc(flat * np.float32([512, 288])), (flat == 0).all(-1))

    truth, predicted = pixels(golden["qaz_coor/true"]), pixels(golden["qaz_coor/pred"])
    codes = outcomes(predicted, truth, np.isfinite(truth).all(-1).astype(np.uint8), DEFAULT)
    np.testing.assert_array_equal(codes, golden["qaz_coor/type_tol4"])


def test_v5_codes_and_scores(golden):
    rule = protocol("tracknet_v5")
    truth = reference_points(golden["v5repo/gt_xy_1280x720"], (1280, 720), rule)
    codes = outcomes(minus_one_is_none(golden["v5repo/pred_xy"]), truth, golden["v5repo/visibility"], rule)
    np.testing.assert_array_equal(codes, golden["v5repo/type"])
    counts = Counts.from_codes(codes)
    assert counts == Counts(*golden["v5repo/counts"].tolist())
    scores = (counts.accuracy, counts.precision, counts.recall_hit, counts.f1_hit)
    np.testing.assert_allclose(scores, golden["v5repo/acc_prec_rec_f1"], rtol=1e-9)


def test_wasb_codes_and_scores(golden):
    rule = protocol("wasb")
    truth = reference_points(golden["wasb/gt_xy"], (1920, 1080), rule)
    predicted = to_pixels(points(golden["wasb/pred_xy"], ~golden["wasb/pred_vis"]), (1920, 1080), rule)
    codes = outcomes(predicted, truth, golden["wasb/gt_vis"].astype(np.uint8), rule)
    np.testing.assert_array_equal(codes, golden["wasb/type"])
    counts = Counts.from_codes(codes)
    assert counts == Counts(*golden["wasb/counts"].tolist())
    precision, recall, f1, accuracy, ap, rmse = golden["wasb/prec_rec_f1_acc_ap_rmse"]
    scores = (counts.precision, counts.recall_hit, counts.f1_hit, counts.accuracy)
    np.testing.assert_allclose(scores, (precision, recall, f1, accuracy), rtol=1e-9)
    # A few scores are tied, and the reference sorts them in no particular order.
    assert metrics.average_precision(codes, golden["wasb/pred_score"]) == pytest.approx(ap, abs=1e-4)
    distance = metrics.distances(predicted, truth)[np.isin(codes, (TP, FP1))]
    assert metrics.localisation(distance)["rmse"] == pytest.approx(rmse)


def test_v1_scores(golden):
    truth = golden["v1/gt_x_y_vis"]
    rule = protocol("yastrebksv")
    codes = outcomes(
        minus_one_is_none(golden["v1/pred_xy"]), truth[:, :2], truth[:, 2].astype(np.uint8), rule
    )
    counts = Counts.from_codes(codes)
    scores = (counts.precision, counts.recall, counts.f1)
    np.testing.assert_allclose(scores, golden["v1/prec_rec_f1"], rtol=1e-9)


# TP, TN, FP1, FP2, FN, frames; accuracy, precision, recall_hit, f1_hit in per cent, as printed.
PUBLISHED = {
    "V2 paper, 3 in 1 out": ((9447, 1514, 751, 218, 1134), 13064, (83.9, 90.7, 89.2, 89.9)),
    "V2 paper, 3 in 3 out": ((29129, 4264, 468, 358, 4973), 39192, (85.2, 97.2, 85.4, 90.9)),
    "V4 paper, tennis game level, V2": ((15863, 396, 142, 17, 775), 17193, (94.6, 99.0, 95.3, 97.1)),
    "V4 paper, tennis game level, V4": ((15973, 389, 167, 24, 640), 17193, (95.2, 98.8, 96.1, 97.5)),
    "V4 paper, shuttlecock, V4": ((26878, 5834, 765, 672, 3645), 37794, (86.6, 94.9, 88.1, 91.4)),
    "V4 paper, V3 + motion": ((9050, 1400, 30, 10, 346), 10836, (96.4, 99.5, 96.3, 97.9)),
    "V5 paper, tennis, V2": ((15988, 626, 108, 23, 937), 17682, (93.96, 99.19, 94.46, 96.77)),
    "V5 paper, tennis, V2 + R-STR": ((16607, 624, 169, 25, 257), 17682, (97.45, 98.85, 98.48, 98.66)),
    "V5 paper, tennis, V5": ((16573, 636, 116, 13, 344), 17682, (97.33, 99.23, 97.97, 98.59)),
    "V5 paper, Loveall, V5": ((10864, 181, 80, 2, 186), 11313, (97.63, 99.25, 98.32, 98.78)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_tables(name):
    cells, frames, printed = PUBLISHED[name]
    counts = Counts(*cells)
    assert counts.frames == frames
    scores = [100 * s for s in (counts.accuracy, counts.precision, counts.recall_hit, counts.f1_hit)]
    last_digit = 0.01 if name.startswith("V5") else 0.1  # a few are cut, not rounded
    assert scores == pytest.approx(printed, abs=last_digit)


def test_a_wrong_place_is_a_miss_in_recall():
    v5 = Counts(16573, 636, 116, 13, 344)
    assert v5.recall == pytest.approx(0.9730, abs=5e-5)
    assert v5.f1 == pytest.approx(0.9825, abs=5e-5)


NOWHERE = (np.nan, np.nan)
BALL = (10.0, 10.0)


@pytest.mark.parametrize(
    ("predicted", "truth", "visibility", "expected"),
    [
        (BALL, (13, 10), 1, TP),
        (BALL, (14, 10), 2, TP),  # at exactly the tolerance
        (BALL, (14.001, 10), 1, FP1),
        (NOWHERE, BALL, 1, FN),
        (BALL, NOWHERE, 0, FP2),
        (NOWHERE, NOWHERE, 0, TN),
        (BALL, BALL, 3, TP),  # occluded counts as visible
        (BALL, NOWHERE, 1, IGNORED),  # visible, not located
        (NOWHERE, NOWHERE, 2, IGNORED),
        (BALL, NOWHERE, 255, IGNORED),  # unlabelled
    ],
)
def test_outcome_of_a_frame_by_default(predicted, truth, visibility, expected):
    codes = outcomes(np.array([predicted]), np.array([truth]), np.array([visibility], np.uint8), DEFAULT)
    assert codes.tolist() == [expected]


@pytest.mark.parametrize(
    ("options", "truth", "visibility", "if_found", "if_not"),
    [
        ({"strict": True}, (14, 10), 1, FP1, FN),
        ({"occluded": "invisible"}, BALL, 3, FP2, TN),
        ({"occluded": "ignore"}, BALL, 3, IGNORED, IGNORED),
        ({"unlocated": "nowhere"}, NOWHERE, 1, FP2, FN),
        ({"unlocated": "nowhere"}, NOWHERE, 255, IGNORED, IGNORED),
        ({"unlocated": "nowhere", "occluded": "ignore"}, NOWHERE, 3, IGNORED, IGNORED),
    ],
)
def test_options_of_a_protocol(options, truth, visibility, if_found, if_not):
    rule = replace(DEFAULT, **options)
    codes = outcomes(np.array([BALL, NOWHERE]), np.array([truth] * 2), np.full(2, visibility, np.uint8), rule)
    assert codes.tolist() == [if_found, if_not]


def test_counts_add_up_and_serialise():
    total = Counts(1, 2, 3, 4, 5, 6) + Counts(tp=9)
    assert total == Counts(10, 2, 3, 4, 5, 6)
    assert total.frames == 24
    counts = ["tp", "tn", "fp1", "fp2", "fn", "ignored", "frames"]
    scores = ["accuracy", "precision", "recall", "recall_hit", "f1", "f1_hit"]
    assert list(total.to_dict()) == counts + scores
    assert total.to_dict()["recall"] == 10 / 18


def test_nothing_to_divide_by_scores_zero():
    assert set(Counts().to_dict().values()) == {0}


def test_default_distance_is_a_share_of_the_picture():
    rule = protocol("default")
    truth = np.array([[640.0, 360.0]])
    # 4 px at 512x288 are 10 px at 720p.
    predicted = to_pixels(truth + np.array([[9.99, 0], [10.01, 0]]), (1280, 720), rule)
    reference = reference_points(truth, (1280, 720), rule)
    codes = outcomes(predicted, reference.repeat(2, 0), np.ones(2, np.uint8), rule)
    assert codes.tolist() == [TP, FP1]


def test_disc_box_centres_agree_with_drawn_discs():
    width, height = 12, 9
    rows, columns = np.mgrid[:height, :width]
    pixels = np.array([(x, y) for x in range(-3, 16) for y in range(-3, 13)])
    centres = disc_box_centres(pixels.astype(float), (width, height))
    for (x, y), centre in zip(pixels, centres, strict=True):
        inside = np.argwhere((columns - x) ** 2 + (rows - y) ** 2 <= 6.25)
        if len(inside) == 0:
            assert np.isnan(centre).all()
            continue
        low, (h, w) = inside.min(0), np.ptp(inside, axis=0) + 1
        assert centre.tolist() == [int(low[1] + w / 2), int(low[0] + h / 2)]


def test_unlabelled_position_has_no_reference_point():
    assert np.isnan(reference_points(np.full((1, 2), np.nan), (1280, 720), protocol("tracknet_v2"))).all()


def test_every_named_protocol_is_there():
    papers = {"tracknet_v1", "tracknet_v2", "tracknet_v3", "tracknet_v4", "tracknet_v5"}
    others = {"default", "yastrebksv", "wasb", "chgyglin", "chang", "asigatchov"}
    assert set(PROTOCOLS) == papers | others
    with pytest.raises(UserError, match=r"'v9': choose from asigatchov, chang, .*yastrebksv"):
        protocol("v9")


def test_average_precision_of_a_perfect_and_a_mixed_ranking():
    codes = np.array([TP, TP, FP2, FN, TN])
    confidence = np.array([0.9, 0.8, 0.7, 0.0, 0.0])
    assert metrics.average_precision(codes, confidence) == pytest.approx(2 / 3)
    assert metrics.average_precision(codes, confidence[[2, 1, 0, 3, 4]]) == pytest.approx((1 / 2 + 2 / 3) / 3)


def test_bootstrap_interval_draws_clips():
    clips = [Counts(tp=90, fn=10), Counts(tp=50, fn=50), Counts(tp=99, fn=1), Counts(tp=70, fn=30)]
    low, high = metrics.bootstrap_interval(clips, "recall")
    assert 0.5 <= low < 309 / 400 < high <= 0.99
    assert (low, high) == metrics.bootstrap_interval(clips, "recall")
    assert metrics.bootstrap_interval([clips[0]] * 3, "recall") == (0.9, 0.9)
    assert metrics.bootstrap_interval(clips[:1], "recall") is None


def test_localisation_leaves_missing_distances_out():
    assert metrics.localisation(np.array([1, np.nan, 3.0]))["median"] == 2.0
    assert metrics.localisation(np.array([np.nan]))["p95"] is None
