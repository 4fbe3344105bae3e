"""The picture of a track: the flight drawn on a frame, and the ball's height over time as its key."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tracknet_jax.tracks.track import Track
from tracknet_jax.utils.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import ListedColormap

PICTURE = (10.0, 6.4)  # inches, at most, for the frame
STRIP = 1.5  # inches, for the strip below it
MANY = 1500  # points; if there are more, dots and lines are drawn thinner


class MiddleFrame:
    """Keeps four frames of a stream of unknown length, one of them near its middle."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, np.ndarray]] = []
        self._spacing, self._count = 1, 0

    def see(self, frame: np.ndarray | None) -> None:
        """The next frame of the stream; None: it was dropped."""
        if frame is not None and self._count >= (self._kept[-1][0] + self._spacing if self._kept else 0):
            self._kept.append((self._count, frame.copy()))  # the overlay may draw on the frame itself
            if len(self._kept) > 4:
                self._kept = self._kept[::2]
                self._spacing *= 2
        self._count += 1

    def frame(self) -> np.ndarray | None:
        """The kept frame that is nearest to the middle of the stream; None if there is none."""
        nearest = sorted(self._kept, key=lambda kept: abs(kept[0] - self._count / 2))
        return nearest[0][1] if nearest else None


def write_flight_picture(frame: np.ndarray, track: Track, path: str | Path) -> None:
    """Draws `track` on an RGB frame (H, W, 3) uint8 of its video, coloured by time, into a PNG.

    Raises:
        UserError: the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = frame.shape[:2]
    scale = min(PICTURE[0] / width, PICTURE[1] / height)
    figure = Figure((PICTURE[0], height * scale + STRIP), dpi=128, facecolor="#101014")
    FigureCanvasAgg(figure)
    total = figure.get_figheight()
    left = (1 - width * scale / PICTURE[0]) / 2
    flight = figure.add_axes((left, STRIP / total, width * scale / PICTURE[0], 1 - STRIP / total))
    strip = figure.add_axes((0.06, 0.5 / total, 0.92, (STRIP - 0.75) / total))
    _draw_flight(flight, frame, track)
    _draw_strip(strip, track, height)
    with replacing(Path(path)) as partial:
        figure.savefig(partial, facecolor=figure.get_facecolor())


def seconds(track: Track) -> np.ndarray:
    """Time (F,) of each frame in seconds from the start of the video."""
    return track.frame / float(track.fps or 1)


def _draw_flight(axes: "Axes", frame: np.ndarray, track: Track) -> None:
    from matplotlib.collections import LineCollection

    height, width = frame.shape[:2]
    axes.imshow((0.6 * frame).astype(np.uint8))
    axes.set_axis_off()
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    time, xy = seconds(track), track.xy
    thin = min(1.0, (MANY / max(1, int(track.visible.sum()))) ** 0.5)
    joined = _joined(track, width)
    lines = LineCollection(
        list(np.stack([xy[:-1], xy[1:]], axis=1)[joined]),
        cmap=_colours(),
        linewidths=1.4 * thin,
        alpha=0.7 * thin,
    )
    lines.set_array(time[1:][joined])
    lines.set_clim(*_limits(time))
    axes.add_collection(lines)
    found = track.visible
    dots = axes.scatter(track.x[found], track.y[found], s=14 * thin, c=time[found], cmap=_colours())
    dots.set(clim=_limits(time), edgecolor="white", linewidth=0.35 * thin, alpha=max(0.3, thin))
    if not found.any():
        axes.text(0.5, 0.5, "no ball found", transform=axes.transAxes, color="white", ha="center", size=16)


def _draw_strip(axes: "Axes", track: Track, height: int) -> None:
    time, found = seconds(track), track.visible
    low, high = _limits(time)
    axes.set_facecolor("#101014")
    dots = axes.scatter(time[found], track.y[found], s=5, c=time[found], cmap=_colours(), linewidths=0)
    dots.set_clim(low, high)
    missed = time[~found]
    axes.scatter(
        missed, np.full(len(missed), height * 1.06), marker="|", s=14, color="#5a5a66", linewidths=0.8
    )
    axes.set(xlim=(low, high), ylim=(height * 1.12, 0), yticks=[])
    axes.set_ylabel("height", color="#a0a0aa", size=8)
    share = f"{int(found.sum())} of {len(track)} frames with a ball" if len(track) else "no frames"
    axes.set_xlabel(f"{'seconds' if track.fps else 'frame'}      ({share})", color="#a0a0aa", size=8)
    axes.tick_params(colors="#a0a0aa", labelsize=8)
    for spine in axes.spines.values():
        spine.set_color("#303038")


def _joined(track: Track, width: int) -> np.ndarray:
    """Which pairs of neighbours (F - 1,) are one flight: both found, and no further apart than a ball flies."""
    steps = np.hypot(np.diff(track.x), np.diff(track.y))
    return track.visible[:-1] & track.visible[1:] & (np.nan_to_num(steps, nan=np.inf) <= 0.15 * width)


def _limits(time: np.ndarray) -> tuple[float, float]:
    return (float(time[0]), float(max(time[-1], time[0] + 1e-3))) if len(time) else (0.0, 1.0)


def _colours() -> "ListedColormap":
    """Magenta to yellow: plasma without its dark end, which could not be seen on a dark frame."""
    import matplotlib
    from matplotlib.colors import ListedColormap

    return ListedColormap(matplotlib.colormaps["plasma"](np.linspace(0.25, 1, 256)))
