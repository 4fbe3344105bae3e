"""What `tracknet track` shows of its work: a window while it goes on, and a line when it is done."""

from contextlib import AbstractContextManager, closing, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracknet_jax.tracks.track import Track
    from tracknet_jax.video.viewer import Viewer


def window(wanted: bool) -> "AbstractContextManager[Viewer | None]":
    """A window for frames, closed at the end; None where it is not wanted.

    Raises:
        UserError: no window can be opened here.
    """
    if not wanted:
        return nullcontext()
    from tracknet_jax.video.viewer import Viewer

    return closing(Viewer("tracknet"))


def counted(track: "Track") -> str:
    """How many frames, how many of them with a ball."""
    found, filled = int(track.visible.sum()), int((track.source == "inpainted").sum())
    share = f", {filled} of them filled in" if filled else ""
    return f"{len(track)} frames, ball in {found} ({found / max(1, len(track)):.0%}{share})"
