"""Two clips that the tests of evaluation share."""

import numpy as np
import pytest

from tests.helpers.labelled_clips import flight, make_clip


@pytest.fixture
def clips(tmp_path):
    """Two clips of two sports: ten located balls; six frames, one without a ball, one not located."""
    second = flight(6, start=(100.0, 60.0), step=(-6.0, -4.0))
    second[[2, 4]] = np.nan
    return [
        make_clip(tmp_path, "game1/Clip1", flight(10), [1] * 10),
        make_clip(tmp_path, "match1/rally1", second, [1, 2, 0, 3, 1, 1], sport="badminton"),
    ]
