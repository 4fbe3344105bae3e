"""Placing sources of any shape in the network's input, and mapping positions back."""

import numpy as np
import pytest

from tracknet_jax.tracking.placement import place
from tracknet_jax.utils.errors import UserError

NETWORK = (512, 288)


@pytest.mark.parametrize(
    ("source", "letterboxed"),
    [
        ((1280, 720), False),
        ((1280, 800), False),  # 16:10
        ((2048, 1080), False),  # 17:9
        ((2000, 1000), False),  # 2:1
        ((640, 480), True),  # 4:3
        ((606, 1080), True),  # portrait
        ((2560, 1080), True),  # 21:9
    ],
)
def test_auto_letterboxes_what_deviates_strongly(source, letterboxed):
    assert (place(source, NETWORK).inner != NETWORK) is letterboxed


@pytest.mark.parametrize("fit", ["stretch", "letterbox"])
@pytest.mark.parametrize("source", [(1280, 720), (640, 480), (606, 1080), (300, 100), (100, 31)])
def test_a_spot_comes_back_to_where_it_was(source, fit):
    width, height = source
    y, x = np.mgrid[:height, :width]
    centre, spread = (0.3 * width, 0.6 * height), max(4.0, max(source) / 60)
    spot = 255 * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * spread**2))
    placement = place(source, NETWORK, fit)
    seen = placement.to_network(np.repeat(spot[..., None], 3, axis=2).astype(np.uint8))
    assert seen.shape == (288, 512, 3)
    weight = seen[..., 0].astype(float)
    rows, columns = np.mgrid[:288, :512]
    found = np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()
    np.testing.assert_allclose(placement.to_source(found), centre, atol=0.2)


def test_pixel_centres_are_whole_numbers():
    stretched = place((1024, 576), NETWORK, "stretch")
    np.testing.assert_allclose(stretched.to_source([[0, 0], [511, 287]]), [[0.5, 0.5], [1022.5, 574.5]])
    boxed = place((576, 576), NETWORK, "letterbox")  # becomes 288 x 288 between bars of 112
    np.testing.assert_allclose(boxed.to_source([112, 0]), [0.5, 0.5])
    assert np.isnan(boxed.to_source([np.nan, np.nan])).all()


def test_letterbox_bars_are_black_and_equal():
    seen = place((576, 576), NETWORK, "letterbox").to_network(np.full((576, 576, 3), 200, np.uint8))
    assert (seen[:, 112:400] == 200).all()
    assert not seen[:, :112].any()
    assert not seen[:, 400:].any()


def test_a_frame_of_another_size_is_told():
    with pytest.raises(UserError, match="64x36 to 36x64"):
        place((64, 36), NETWORK).to_network(np.zeros((64, 36, 3), np.uint8))
