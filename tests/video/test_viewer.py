"""The window on a display that exists, and on one that does not."""

import os
import shutil
import subprocess
import sys

import pytest

from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.viewer import Viewer

SHOW_AND_CLOSE = """
import cv2, numpy as np
from tracknet_jax.video.viewer import Viewer

viewer, size = Viewer("tracknet"), ()
for _ in range(100):  # the display takes its time
    viewer.show(np.zeros((1080, 1920, 3), np.uint8), 0.1)
    size = cv2.getWindowImageRect("tracknet")[2:]
    if viewer.closed or size == (1280, 720):
        break
print(viewer.closed, *size)
cv2.destroyWindow("tracknet")  # as a user does
viewer.show(np.zeros((1080, 1920, 3), np.uint8))
print(viewer.closed)
viewer.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a display that does not exist is an X server's")
def test_a_display_that_cannot_be_reached_is_one_line(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":4321")
    with pytest.raises(UserError, match=r"--show: .*(display :4321|no windows)") as error:
        Viewer("tracknet")
    assert "\n" not in str(error.value)


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb, an X server without a screen")
def test_the_window_has_the_frames_shape_and_closing_it_ends():
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with open(reading) as number:
            display = f":{number.readline().strip()}"
        try:
            shown = subprocess.run(
                [sys.executable, "-c", SHOW_AND_CLOSE],
                env={**os.environ, "DISPLAY": display},
                capture_output=True,
                text=True,
                timeout=120,
            )
        finally:
            server.terminate()
    assert shown.stdout.splitlines() == ["False 1280 720", "True"]
    assert shown.stderr == ""
