"""Writes the tables of docs/scaling.md: what a training step sends, and the weak scaling that follows.

    python tools/scaling.py [--networks tracknet_v2 tracknet_v5] [--windows 16] [--share 0.5]

Compiles the training step of each network for 8 virtual CPU devices, on frames of 64x32 pixels: what is sent for
the parameters and the batch statistics does not depend on their size. Minutes on two cores.
"""

import itertools
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import tyro
from blocks import Block

from tracknet_jax.benchmark.collectives import collectives
from tracknet_jax.benchmark.program import Layout
from tracknet_jax.benchmark.steps import labelled_windows
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.cost import cost
from tracknet_jax.models.registry import preset
from tracknet_jax.models.tracknet import init_variables
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.state import create_state
from tracknet_jax.training.step import train_step
from tracknet_jax.training.train_config import TrainConfig
from tracknet_jax.utils.errors import entry_point

PAGE = Path(__file__).with_name("scaling.md")
TRAFFIC = Block("<!-- traffic: written by tools/scaling.py -->", "<!-- end of traffic -->")
EFFICIENCY = Block("<!-- efficiency: written by tools/scaling.py -->", "<!-- end of efficiency -->")
DEVICES = 8
COUNTS = (8, 32, 128, 256)


class Machine(NamedTuple):
    """Public peak figures, one direction of a link: operations a second in bfloat16, bytes a second.

    `node`: devices that are joined by `inside`, then `outside` joins the nodes.
    """

    name: str
    flops: float
    node: int
    inside: float
    outside: float


MACHINES = (
    Machine("TPU v5e pod", 197e12, 256, 200e9, 200e9),
    Machine("8 x A100 a node, 200 Gbit/s a GPU", 312e12, 8, 300e9, 25e9),
    Machine("8 x H100 a node, 400 Gbit/s a GPU", 989e12, 8, 450e9, 50e9),
)


@dataclass(frozen=True)
class Assumptions:
    """What the derivation assumes; everything else is counted."""

    networks: tuple[str, ...] = ("tracknet_nano", "tracknet_v2", "tracknet_v5")
    windows: int = 16
    """on each device in a step"""
    share: float = 0.5
    """of the peak operations that a step reaches"""
    link: float = 0.5
    """of a link's bandwidth that an all-reduce reaches"""
    latency: float = 30e-6
    """seconds that the smallest all-reduce takes"""


class Traffic(NamedTuple):
    """Of one training step, on one device.

    Attributes:
        gradients: bytes of the parameters at the network's own frame size, all-reduced once.
        rest: bytes of all other all-reduces, as compiled.
        count: all-reduces, as compiled.
        macs: multiply-adds of a window's forward pass.
    """

    gradients: int
    rest: int
    count: int
    macs: int


def traffic(config: TrackNetConfig) -> Traffic:
    """Counts the all-reduces of the step that `Layout` compiles for 8 devices."""
    small = replace(config, height=32, width=64)
    train = TrainConfig(model=small, batch_size=DEVICES, steps=1)
    optimizer = make_optimizer(train.optimizer)
    layout, key = Layout(DEVICES), jax.random.key(0)
    variables = jax.tree.map(
        lambda x: jnp.zeros(x.shape), jax.eval_shape(partial(init_variables, small), key)
    )
    first = create_state(variables, optimizer, key, averaged=False)
    state, batch = layout.place_whole(first), layout.place_parts(labelled_windows(small, DEVICES))
    program = layout.compile(
        partial(train_step, config=train, optimizer=optimizer), state, batch, carried=True
    )
    found = [x.bytes for x in collectives(program.run.as_text()) if x.op == "all-reduce"]  # type: ignore[attr-defined]
    whole = jax.eval_shape(partial(init_variables, config), key)["params"]
    return Traffic(_bytes(whole), sum(found) - _bytes(first.params), len(found), cost(config).macs)


def _bytes(tree: Any) -> int:
    return sum(x.size * np.dtype(x.dtype).itemsize for x in jax.tree.leaves(tree))


def step_seconds(found: Traffic, machine: Machine, given: Assumptions) -> float:
    """Of the computation alone: two operations a multiply-add, three passes."""
    return 6 * found.macs * given.windows / (machine.flops * given.share)


def reduce_seconds(found: Traffic, machine: Machine, devices: int, given: Assumptions) -> float:
    """Of sending the gradients: reduced within a node, then between nodes, each device its part, and back."""
    inside = min(devices, machine.node)
    nodes = -(-devices // machine.node)
    total = found.gradients + found.rest
    seconds = 2 * (1 - 1 / inside) * total / machine.inside
    seconds += 2 * (1 - 1 / nodes) * total / inside / machine.outside
    return seconds / given.link


def efficiency(found: Traffic, machine: Machine, devices: int, given: Assumptions, overlapped: bool) -> float:
    """Speed a device over that of one alone. All-reduces of statistics are waited for in any case.

    Overlapped: gradients are sent while the rest of the backward pass, two thirds of the step, is computed.
    """
    alone = step_seconds(found, machine, given)
    reducing = reduce_seconds(found, machine, devices, given)
    if overlapped:
        reducing = max(0.0, reducing - alone * 2 / 3)
    return alone / (alone + reducing + found.count * given.latency)


def traffic_table(counted: Mapping[str, Traffic]) -> str:
    """What each network sends, in Markdown."""
    rows = [
        "| network | gradients, MB | other all-reduces, KB | all-reduces | GMACs a window |",
        "|---|---|---|---|---|",
    ]
    for name, found in counted.items():
        sent = f"{found.gradients / 1e6:.1f} | {found.rest / 1e3:.1f} | {found.count}"
        rows.append(f"| `{name}` | {sent} | {found.macs / 1e9:.1f} |")
    return "\n".join(rows)


def efficiency_table(counted: Mapping[str, Traffic], given: Assumptions) -> str:
    """The efficiency of each network on each machine, in Markdown."""
    header = " | ".join(f"{count} devices" for count in COUNTS)
    rows = [f"| network | machine | step, ms | {header} |", f"|---|---|---|{'---|' * len(COUNTS)}"]
    for (name, found), machine in itertools.product(counted.items(), MACHINES):
        cells = []
        for count in COUNTS:
            apart, overlapped = (efficiency(found, machine, count, given, when) for when in (False, True))
            cells.append(f"{apart:.0%} to {overlapped:.0%}")
        milliseconds = 1e3 * step_seconds(found, machine, given)
        rows.append(f"| `{name}` | {machine.name} | {milliseconds:.1f} | {' | '.join(cells)} |")
    return "\n".join(rows)


@entry_point("scaling")
def main() -> None:
    """Writes the two tables into docs/scaling.md."""
    given = tyro.cli(Assumptions, description=__doc__)
    counted = {name: traffic(preset(name)) for name in given.networks}
    TRAFFIC.replace(PAGE, traffic_table(counted))
    EFFICIENCY.replace(PAGE, efficiency_table(counted, given))


if __name__ == "__main__":
    jax.config.update("jax_num_cpu_devices", DEVICES)
    os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0"  # nothing of it runs
    sys.exit(main())
