"""Parameters and multiply-adds against the published and hand-counted figures."""

import pytest

from tracknet_jax.models.cost import count_macs, count_parameters
from tracknet_jax.models.registry import preset


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("tracknet_v2", 11_330_304),
        ("tracknet_v4", 11_330_306),
        ("tracknet_v2_mdd", 11_332_610),
        ("tracknet_v2_rstr", 14_769_152),
        ("tracknet_v5", 14_771_458),
        ("tracknet_v5_joint", 14_771_458),
        ("tracknet_v5_divided", 15_826_178),
        ("tracknet_v2_official", 11_334_147),
        ("tracknet_v2_keras", 11_334_531),
    ],
)
def test_published_parameters(name: str, parameters: int):
    assert count_parameters(preset(name)) == parameters


@pytest.mark.parametrize(
    ("name", "gmacs"),
    [
        ("tracknet_v2", 112.227),
        ("tracknet_v5_joint", 124.344),  # QK^T and AV of 1,728 tokens counted
        ("tracknet_v5_divided", 122.09),
        ("tracknet_v5", 119.25),
    ],
)
def test_multiply_adds(name: str, gmacs: float):
    assert count_macs(preset(name)) / 1e9 == pytest.approx(gmacs, abs=5e-3)


def test_first_convolution_by_hand():
    """MDD adds four channels to V2's first convolution and nothing else: 9 * 4 * 64 products a pixel."""
    extra = count_macs(preset("tracknet_v2_mdd")) - count_macs(preset("tracknet_v2"))
    assert extra == 9 * 4 * 64 * 288 * 512


def test_nano_is_small():
    config = preset("tracknet_nano")
    assert 100_000 <= count_parameters(config) <= 600_000
    assert count_macs(config) < 0.02 * count_macs(preset("tracknet_v2"))
