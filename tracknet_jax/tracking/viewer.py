"""A window that shows frames while they are tracked."""

import os
import sys

import cv2
import numpy as np

from tracknet_jax.errors import UserError


class Viewer:
    """A window for BGR frames; `q`, Esc or closing it sets `closed`.

    Raises:
        UserError: this computer, or this OpenCV, has no windows.
    """

    def __init__(self, title: str):
        if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
            raise UserError("--show: there is no display here (DISPLAY is not set); leave it out")
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        except cv2.error as error:
            raise UserError("--show: this OpenCV has no windows; pip install opencv-python") from error
        self._title, self.closed = title, False

    def show(self, frame: np.ndarray, pause: float = 0.0) -> None:
        """Shows a frame, `pause` seconds from now, and looks at the keys."""
        key = cv2.waitKey(max(1, round(1000 * pause))) & 0xFF
        visible = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) > 0
        self.closed |= key in (ord("q"), 27) or not visible
        if not self.closed:
            cv2.imshow(self._title, frame)

    def close(self) -> None:
        """Takes the window off the screen."""
        cv2.destroyWindow(self._title)
