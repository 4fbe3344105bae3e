"""Augmentation is tested on small windows: compiling is what takes the time."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def _quick_compiling(quick_compiling):
    pass
