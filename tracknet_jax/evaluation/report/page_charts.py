"""Charts as inline SVG, drawn by hand: small, sharp, and in the colours of the page, light or dark."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 54, 14, 12, 42  # margins round the axes
Numbers = Sequence[float] | np.ndarray


class Chart:
    """Linear axes with ticks, on which lines, bars and marks are drawn in the order of the calls.

    Example:
        chart = Chart("recall", "precision", x=(0, 1), y=(0, 1))
        chart.line(recall, precision, "blue")
        chart.svg("precision over recall")
    """

    def __init__(self, x_label: str, y_label: str, x: tuple[float, float], y: tuple[float, float]):
        self._x, self._y = x, y
        self._parts: list[str] = []
        for value in ticks(*x):
            px = self._px(value)
            self._rule("grid", px, px, TOP, HEIGHT - BOTTOM)
            self._text(px, HEIGHT - BOTTOM + 15, f"{value:g}")
        for value in ticks(*y):
            py = self._py(value)
            self._rule("grid", LEFT, WIDTH - RIGHT, py, py)
            self._text(LEFT - 6, py + 4, f"{value:g}", "end")
        middle = (TOP + HEIGHT - BOTTOM) / 2
        self._text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_label, "label")
        self._text(12, middle, y_label, "label", f'transform="rotate(-90 12 {middle:.0f})"')

    def line(self, x: Numbers, y: Numbers, style: str) -> None:
        """A line through points; `style` is one of the page's classes of lines."""
        points = " ".join(f"{self._px(a):.1f},{self._py(b):.1f}" for a, b in zip(x, y, strict=True))
        self._parts.append(f'<polyline class="line {style}" points="{points}"/>')

    def bars(self, edges: Numbers, heights: Numbers, titles: Iterable[str]) -> None:
        """Bars from the axis up, `heights` and `titles` (K,) between `edges` (K + 1,); NaN: no bar."""
        for low, high, top, title in zip(edges[:-1], edges[1:], heights, titles, strict=True):
            if top > 0:
                left, right, y = self._px(low) + 1, self._px(high) - 1, self._py(top)
                self._parts.append(
                    f'<rect class="bars" x="{left:.1f}" y="{y:.1f}" width="{right - left:.1f}" '
                    f'height="{HEIGHT - BOTTOM - y:.1f}"><title>{escape(title)}</title></rect>'
                )

    def mark(self, x: float, y: float, text: str, style: str) -> None:
        """A dot with words towards the middle of the chart, below the dot or, near the axis, beside it."""
        px, py = self._px(x), self._py(y)
        left, low = px < (LEFT + WIDTH) / 2, py > HEIGHT - BOTTOM - 20
        self._parts.append(f'<circle class="dot {style}" cx="{px:.1f}" cy="{py:.1f}" r="3.5"/>')
        self._text(px + (7 if left else -7), py + (4 if low else 18), text, "start" if left else "end")

    def vertical(self, x: float, text: str) -> None:
        """A dashed line from top to bottom, with words at its top."""
        self._rule("rule", self._px(x), self._px(x), TOP, HEIGHT - BOTTOM)
        self._text(self._px(x) + 5, TOP + 10, text, "start")

    def svg(self, name: str) -> str:
        """The whole element; `name` is what a screen reader says."""
        head = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}">'
        return "\n".join([head, *self._parts, "</svg>"])

    def _px(self, x: float) -> float:
        return LEFT + (x - self._x[0]) / (self._x[1] - self._x[0]) * (WIDTH - LEFT - RIGHT)

    def _py(self, y: float) -> float:
        return HEIGHT - BOTTOM - (y - self._y[0]) / (self._y[1] - self._y[0]) * (HEIGHT - TOP - BOTTOM)

    def _rule(self, style: str, x1: float, x2: float, y1: float, y2: float) -> None:
        self._parts.append(f'<line class="{style}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"/>')

    def _text(self, x: float, y: float, text: str, style: str = "", more: str = "") -> None:
        self._parts.append(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>')


def ticks(low: float, high: float) -> list[float]:
    """Four to nine round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10((high - low) / 4))
    step = max(m * power for m in (1, 2, 5) if (high - low) / (m * power) >= 4 - 1e-9)
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [float(f"{k * step + 0.0:.10g}") for k in np.arange(first, last + 1)]
