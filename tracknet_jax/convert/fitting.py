"""Finds the layout of a checkpoint, or the first tensor that does not fit."""

from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property

from tracknet_jax.convert.foreign_checkpoint import Checkpoint
from tracknet_jax.convert.layouts import ALL, Layout, layouts_called
from tracknet_jax.convert.mapping import tensor_shapes
from tracknet_jax.releases.release import AnyConfig, abstract_variables
from tracknet_jax.utils.errors import UserError


def find_network(
    checkpoint: Checkpoint, source: str, model: str | None, where: str
) -> tuple[Layout, AnyConfig]:
    """The layout and the network of a checkpoint; all its tensors fit them.

    Args:
        source: name of a layout, or `auto`: the one that has exactly the checkpoint's tensor names.
        model: name of the network; needed where names and shapes fit several.
        where: the file, for messages.

    Raises:
        UserError: there is no such layout; a tensor is missing, unknown or has another shape; `model` is needed, or
            does not fit.
    """
    fits = [Fit(layout, checkpoint) for layout in layouts_called(source)]
    fit = fits[0] if len(fits) == 1 else next((fit for fit in fits if fit.has_the_names), None)
    if fit is None or fit.problem():
        best = nearest(checkpoint)
        told = fit or best
        raise UserError(
            f"{where}: as {told.layout.name}, {told.problem()}; the nearest layout is {best.layout.name}, "
            f"where {best.fitting} of {len(best.shapes)} tensors fit"
        )
    return fit.layout, chosen(fit.choice, model, where)


def chosen(choice: list[AnyConfig], model: str | None, where: str) -> AnyConfig:
    """The network called `model`, or the only one; raises `UserError` as `find_network` does."""
    names = " or ".join(config.name for config in choice)
    if model is None and len(choice) > 1:
        raise UserError(f"{where}: fits {names} alike; say which with --model")
    found = [config for config in choice if model in (None, config.name)]
    if not found:
        raise UserError(f"{where}: is {names}, not {model}")
    return found[0]


@dataclass(frozen=True)
class Fit:
    """A checkpoint compared with a layout."""

    layout: Layout
    checkpoint: Checkpoint

    @cached_property
    def choice(self) -> list[AnyConfig]:
        """The networks that fit its shapes."""
        return self.layout.choose(self.checkpoint)

    @cached_property
    def used(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the checkpoint's tensors, without those that the project never uses."""
        unused = dict(self.layout.unused)
        return {name: x.shape for name, x in self.checkpoint.tensors.items() if name not in unused}

    @property
    def has_the_names(self) -> bool:
        """Whether the checkpoint's tensors have exactly the names that the layout expects."""
        return {row.theirs for row in self.layout.table(self.choice[0])} == set(self.used)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape that each expected tensor must have."""
        return expected_shapes(self.layout, self.choice[0])

    @property
    def fitting(self) -> int:
        """The number of expected tensors that the checkpoint has in the expected shape."""
        return sum(self.used.get(name) == shape for name, shape in self.shapes.items())

    @property
    def alike(self) -> int:
        """The number of tensors that have an expected shape, whatever their names."""
        return (Counter(self.used.values()) & Counter(self.shapes.values())).total()

    def problem(self) -> str | None:
        """The first tensor that does not fit, in words; None when all fit."""
        for name, shape in self.shapes.items():
            if name not in self.used:
                return f"{name} {shape} is missing"
            if self.used[name] != shape:
                return f"{name} is {self.used[name]}, expected {shape}"
        extra = next((name for name in self.used if name not in self.shapes), None)
        return f"{extra} {self.used[extra]} is not of {self.choice[0].name}" if extra else None


@cache  # it traces the network
def expected_shapes(layout: Layout, config: AnyConfig) -> dict[str, tuple[int, ...]]:
    """The tensors of a network in a layout, and their shapes."""
    return tensor_shapes(list(layout.table(config)), abstract_variables(config))


def nearest(checkpoint: Checkpoint) -> Fit:
    """The layout that most tensors fit by name and shape; among equals, by shape alone."""
    return max((Fit(layout, checkpoint) for layout in ALL), key=lambda fit: (fit.fitting, fit.alike))
