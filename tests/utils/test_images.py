"""Pictures as files."""

import cv2
import numpy as np
import pytest

from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.images import write_picture


def test_red_comes_back_as_red(tmp_path):
    write_picture(tmp_path / "new" / "a.PNG", np.full((4, 6, 3), (200, 10, 20), np.uint8))
    assert (cv2.imread(str(tmp_path / "new" / "a.PNG")) == (20, 10, 200)).all()


def test_a_format_that_is_no_picture(tmp_path):
    with pytest.raises(UserError, match=r"worst\.txt.*\.png or \.jpg"):
        write_picture(tmp_path / "worst.txt", np.zeros((4, 6, 3), np.uint8))
    assert not any(tmp_path.iterdir())
