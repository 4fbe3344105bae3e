"""The references' decoders against what the references gave (golden slices, and the full set if here)."""

from pathlib import Path

import numpy as np
import pytest

from tracknet_jax.heatmaps import reference_decoders
from tracknet_jax.heatmaps.reference_decoders import Blob

TESTS = Path(__file__).resolve().parents[1]
FULL = TESTS.parents[1] / "shared" / "fixtures" / "decode.npz"


@pytest.fixture(scope="module", params=["slice", "full"])
def golden(request):
    path = TESTS / "golden" / "decode.npz" if request.param == "slice" else FULL
    if not path.is_file():
        pytest.skip("the full fixtures are not here")
    with np.load(path) as file:
        return dict(file)


def lists(golden, group, name):
    """The variable-length lists that `offsets` cuts out of a flat array."""
    return np.split(golden[f"{group}/{name}"], golden[f"{group}/offsets"][1:-1])


def dense_maps(golden, group, name, dtype):
    count, height, width = golden[f"{group}/shape"]
    maps = np.zeros((count, height * width), dtype)
    values = lists(golden, group, name)
    for k, index in enumerate(lists(golden, group, "index")):
        maps[k, index] = values[k]
    return maps.reshape(count, height, width)


@pytest.fixture(scope="module")
def maps(golden):
    return dense_maps(golden, "heatmaps", "value_4096", np.float32) / np.float32(4096)


@pytest.fixture(scope="module")
def class_maps(golden):
    return dense_maps(golden, "v1_maps", "value", np.uint8)


def xy(blob):
    return None if blob is None else (blob.x, blob.y)


def test_bbox_is_the_centre_of_the_references_box(golden, maps):
    for p, (x, y, w, h) in zip(maps, golden["qaz/bbox_xywh"], strict=True):
        expected = (int(x + w / 2), int(y + h / 2)) if w else None
        assert xy(reference_decoders.bbox(p)) == expected


def test_bbox_agrees_with_the_tensorflow_family(golden, maps):
    for p, expected in zip(maps, golden["wolfyeva/center_xy"], strict=True):
        blob = reference_decoders.bbox(p)
        if blob is not None:
            assert xy(blob) == tuple(expected)


def test_contour(golden, maps):
    for p, expected in zip(maps, golden["v5repo/xy"], strict=True):
        assert xy(reference_decoders.contour(p)) == (None if expected[0] < 0 else tuple(expected))


@pytest.mark.parametrize(("group", "decoder"), [("concomp", "blobs"), ("nms", "nms_blobs")])
def test_wasb_blobs_and_their_order(golden, maps, group, decoder):
    for p, expected in zip(maps, lists(golden, f"wasb/{group}_weighted", "xy_score"), strict=True):
        found = getattr(reference_decoders, decoder)(p)
        assert len(found) == len(expected)
        np.testing.assert_allclose([b[:3] for b in found] or np.empty((0, 3)), expected, rtol=1e-5, atol=1e-4)


def in_source(blob):
    """Where a blob of a map of 640x360 lies at 1280x720, the pixels of V1's scripts."""
    return None if blob is None else (2 * blob.x + 0.5, 2 * blob.y + 0.5)


def test_v1_ring_wraps_like_the_reference(golden, class_maps):
    points, confidence = reference_decoders.decode_maps(class_maps, "ring")
    for class_map, expected, point, sure in zip(
        class_maps, golden["v1_yastrebksv/xy"], points, confidence, strict=True
    ):
        blob = reference_decoders.ring(class_map)
        if expected[0] < 0:
            assert blob is None
            assert np.isnan(point).all()
        else:
            assert in_source(blob) == tuple(expected)
            np.testing.assert_allclose(point, [blob.x, blob.y])
            assert sure == pytest.approx(class_map.max() / 255)


def test_v1_hough_first_circle(golden, class_maps):
    for class_map, expected in zip(class_maps, golden["v1_hough_1280x720/first_xyr"], strict=True):
        blob = reference_decoders.hough(class_map, exactly_one=False)
        if expected[0] < 0:
            assert blob is None
        else:
            assert (*in_source(blob), blob.score) == pytest.approx(expected)


def test_v1_accuracy_script_takes_exactly_one_circle():
    one, two = np.zeros((2, 360, 640), np.uint8)
    rows, columns = np.mgrid[:360, :640]
    for x in (100, 400):
        two[(rows - 50) ** 2 + (columns - x) ** 2 <= 8] = 200
    one[:, :250] = two[:, :250]
    points, _ = reference_decoders.decode_maps(np.stack([one, two]), "hough")
    np.testing.assert_allclose(points[0], (100, 50), atol=1)
    assert np.isnan(points[1]).all()
    assert reference_decoders.hough(two, exactly_one=False) is not None


# Two blobs: a long thin one with the larger box, a solid one with the larger area and sum.
L_SHAPE = [(2, x) for x in range(3, 13)] + [(y, 3) for y in range(3, 9)]
SQUARE = [(y, x) for y in range(11, 16) for x in range(20, 25)]


def drawn(*blobs, value=0.75):
    p = np.zeros((18, 30), np.float32)
    for blob in blobs:
        p[tuple(np.transpose(blob))] = value
    return p


@pytest.mark.parametrize(
    ("decoder", "expected"),
    [
        ("bbox", (8, 5)),  # 10 x 7 box against 5 x 5
        ("contour", (22, 13)),  # area 16 against none
        ("centroid", (22, 13)),  # 25 pixels against 16
        ("argmax", (3, 2)),  # the first of equal pixels
    ],
)
def test_decoders_choose_different_blobs(decoder, expected):
    points, confidence = reference_decoders.decode_maps(drawn(L_SHAPE, SQUARE)[None], decoder)
    np.testing.assert_allclose(points, [expected], atol=1e-5)
    np.testing.assert_allclose(confidence, [0.75])


def test_equal_boxes_the_last_in_raster_order_wins():
    first = [(2, 9), (2, 10), (3, 9), (3, 10)]
    last = [(2, 20), (2, 21), (3, 20), (3, 21)]
    assert xy(reference_decoders.bbox(drawn(first, last))) == (21, 3)


def test_diagonal_neighbours_are_one_component():
    assert len(reference_decoders.blobs(drawn([(4, 4), (5, 5), (6, 6)]))) == 1
    assert len(reference_decoders.blobs(drawn([(4, 4), (6, 6)]))) == 2


@pytest.mark.parametrize("decoder", sorted(reference_decoders.MAP_DECODERS))
def test_an_empty_map_has_no_ball(decoder):
    points, confidence = reference_decoders.decode_maps(np.zeros((2, 3, 18, 30), np.float32), decoder)
    assert points.shape == (2, 3, 2)
    assert np.isnan(points).all()
    assert (confidence == 0).all()


@pytest.mark.parametrize("decoder", ["bbox", "centroid", "nms", "argmax"])
def test_one_half_is_not_above_the_threshold(decoder):
    p = drawn(SQUARE, value=0.5)
    assert reference_decoders.MAP_DECODERS[decoder](p) is None
    assert isinstance(reference_decoders.MAP_DECODERS[decoder](np.nextafter(p, np.float32(1))), Blob)


def test_contour_takes_its_threshold_in():
    assert reference_decoders.contour(drawn(SQUARE, value=128 / 255)) is not None
    assert reference_decoders.contour(drawn(SQUARE, value=127.9 / 255)) is None
