"""Where a run's batches come from: the seam between the data code and the training loop."""

from typing import Any, Protocol

from tracknet_jax.training.step import Draw


class BatchSource(Protocol):
    """Gives the step its inputs, and can say and go back to where it is.

    With `draw`, `next` always gives the same arrays and `draw` makes a batch of them inside the step, from the
    step's own key: such a source has no position. Without it, `next` gives this process' part of the next
    batch as NumPy arrays, and the position is that batch's.
    """

    draw: Draw | None
    windows: int  # training windows in one pass over the data

    def next(self) -> Any:
        """The inputs of the next step."""

    def get_state(self) -> Any:
        """The position, as JSON values."""

    def set_state(self, state: Any) -> None:
        """Goes to a position."""
