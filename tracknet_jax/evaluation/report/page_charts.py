"""Charts as inline SVG, drawn by hand: small, sharp, and in the colours of the page, light or dark."""

from collections.abc import Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 54, 14, 12, 42  # margins round the axes


class Chart:
    """Linear axes with ticks, on which lines, bars and marks are drawn in the order of the calls.

    Example:
        chart = Chart("recall", "precision", x=(0, 1), y=(0, 1))
        chart.line(recall, precision, "blue")
        chart.svg("precision over recall")
    """

    def __init__(self, x_label: str, y_label: str, x: tuple[float, float], y: tuple[float, float]):
        self._x, self._y = x, y
        self._parts = [self._grid()]
        middle_x, middle_y = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
        self._text(middle_x, HEIGHT - 6, x_label, "label")
        turned = f'transform="rotate(-90 12 {middle_y:.0f})"'
        self._text(12, middle_y, y_label, "label", turned)

    def line(self, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray, style: str) -> None:
        """A line through points; `style` is one of the page's classes of lines."""
        points = " ".join(f"{self._px(a):.1f},{self._py(b):.1f}" for a, b in zip(x, y, strict=True))
        self._parts.append(f'<polyline class="line {style}" points="{points}"/>')

    def bars(
        self,
        edges: Sequence[float] | np.ndarray,
        heights: Sequence[float] | np.ndarray,
        style: str,
        titles: Sequence[str],
    ) -> None:
        """Bars from the axis up, `heights` and `titles` (K,) between `edges` (K + 1,); NaN: no bar."""
        for low, high, top, title in zip(edges[:-1], edges[1:], heights, titles, strict=True):
            if top > 0:
                left, right, y = self._px(low) + 1, self._px(high) - 1, self._py(top)
                self._parts.append(
                    f'<rect class="{style}" x="{left:.1f}" y="{y:.1f}" width="{right - left:.1f}" '
                    f'height="{HEIGHT - BOTTOM - y:.1f}"><title>{escape(title)}</title></rect>'
                )

    def mark(self, x: float, y: float, text: str, style: str = "") -> None:
        """A dot with words below it, towards the middle."""
        px, py = self._px(x), self._py(y)
        left, low = px < (LEFT + WIDTH) / 2, py > HEIGHT - BOTTOM - 20
        self._parts.append(f'<circle class="dot {style}" cx="{px:.1f}" cy="{py:.1f}" r="3.5"/>')
        self._text(px + (7 if left else -7), py + (4 if low else 18), text, "start" if left else "end")

    def vertical(self, x: float, text: str) -> None:
        """A dashed line across, with words at its top."""
        px = self._px(x)
        self._parts.append(
            f'<line class="rule" x1="{px:.1f}" x2="{px:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        )
        self._text(px + 5, TOP + 10, text, "start")

    def svg(self, name: str) -> str:
        """The whole element; `name` says what it shows to those who do not see it."""
        parts = "\n".join(self._parts)
        return (
            f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}">\n'
            f"{parts}\n</svg>"
        )

    def _px(self, x: float) -> float:
        return LEFT + (x - self._x[0]) / (self._x[1] - self._x[0]) * (WIDTH - LEFT - RIGHT)

    def _py(self, y: float) -> float:
        return HEIGHT - BOTTOM - (y - self._y[0]) / (self._y[1] - self._y[0]) * (HEIGHT - TOP - BOTTOM)

    def _grid(self) -> str:
        """Thin lines at the ticks, with their numbers."""
        lines = []
        for value in ticks(*self._x):
            x = f"{self._px(value):.1f}"
            lines.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
            lines.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 15}">{value:g}</text>')
        for value in ticks(*self._y):
            y = self._py(value)
            lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            lines.append(f'<text class="end" x="{LEFT - 6}" y="{y + 4:.1f}">{value:g}</text>')
        return "\n".join(lines)

    def _text(self, x: float, y: float, text: str, style: str, more: str = "") -> None:
        self._parts.append(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>')


def ticks(low: float, high: float) -> list[float]:
    """Four to nine round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10((high - low) / 4))
    step = max(m * power for m in (1, 2, 5) if (high - low) / (m * power) >= 4 - 1e-9)
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [float(f"{k * step + 0.0:.10g}") for k in np.arange(first, last + 1)]
