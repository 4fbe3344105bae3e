"""The window on a display that exists, and on one that does not."""

import os
import shutil
import subprocess
import sys

import pytest

from tracknet_jax.errors import UserError
from tracknet_jax.tracking.viewer import Viewer

SHOW_AND_CLOSE = """
import os
import cv2, numpy as np
from PIL import ImageGrab
from tracknet_jax.tracking.viewer import Viewer

viewer, seen = Viewer("tracknet"), None
for _ in range(100):  # the display takes its time
    viewer.show(np.full((360, 640, 3), (30, 90, 200), np.uint8), 0.1)
    seen = ImageGrab.grab(xdisplay=os.environ["DISPLAY"]).getpixel((600, 320))
    if any(seen):
        break
print(viewer.closed, *seen)
cv2.destroyWindow("tracknet")  # as a user does
viewer.show(np.zeros((360, 640, 3), np.uint8))
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
def test_frames_are_seen_and_closing_the_window_ends(tmp_path):
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
    assert shown.stdout.splitlines() == ["False 200 90 30", "True"]
    assert shown.stderr == ""
