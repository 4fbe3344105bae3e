"""A window that shows frames while they are tracked."""

import os
import subprocess
import sys

import cv2
import numpy as np

from tracknet_jax.utils.errors import UserError

LARGEST = (1280, 720)  # size of a new window, at most; the user may enlarge it
# GUI_NORMAL: without Qt's row of buttons, for whose labels OpenCV's wheels bring no font, and say so.
FLAGS = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL


class Viewer:
    """A window for BGR frames; `q`, Esc or closing it sets `closed`.

    Raises:
        UserError: no window can be opened on this computer or with this OpenCV.
    """

    def __init__(self, title: str):
        if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
            raise UserError("--show: there is no display here (DISPLAY is not set); leave it out")
        if (reason := abort_reason()) is not None:
            raise UserError(f"--show: no window can be opened here ({reason}); leave it out")
        try:
            cv2.namedWindow(title, FLAGS)
        except cv2.error as error:
            raise UserError("--show: this OpenCV has no windows; pip install opencv-python") from error
        self._title, self.closed, self._opened = title, False, False

    def show(self, frame: np.ndarray, pause: float = 0.0) -> None:
        """Shows a frame, `pause` seconds from now, and looks at the keys."""
        key = cv2.waitKey(max(1, round(1000 * pause))) & 0xFF
        self.closed |= key in (ord("q"), 27) or not self._visible()
        if self.closed:
            return
        if not self._opened:
            height, width = frame.shape[:2]
            scale = min(1, LARGEST[0] / width, LARGEST[1] / height)
            cv2.resizeWindow(self._title, round(width * scale), round(height * scale))
            self._opened = True
        cv2.imshow(self._title, frame)

    def close(self) -> None:
        """Closes the window."""
        if self._visible():
            cv2.destroyWindow(self._title)

    def _visible(self) -> bool:
        try:
            return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) > 0
        except cv2.error:  # from Qt when its last window was closed
            return False


def abort_reason() -> str | None:
    """Why a window would end the process, as Qt does if it reaches no display; None: it would not.

    Another process tries it, because such an end cannot be caught.
    """
    tried = subprocess.run(
        [sys.executable, "-c", "import cv2; cv2.namedWindow('tracknet')"], capture_output=True, text=True
    )
    return None if tried.returncode >= 0 else tried.stderr.partition("\n")[0]
