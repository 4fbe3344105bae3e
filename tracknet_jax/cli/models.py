"""`tracknet models`: the registry as a table."""

import itertools
import json
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import tyro


@dataclass(frozen=True)
class Models:
    """Lists the networks: parameters, true multiply-adds per window, input, paper.

    Example: tracknet models --json models.json
    """

    json: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Also write the table, with every field of each config, to this file."""


def main(argv: list[str]) -> int:
    """Runs the subcommand."""
    options = tyro.cli(Models, args=argv, prog="tracknet models")

    from tracknet_jax.models.cost import cost
    from tracknet_jax.models.rectifier import RECTIFIERS
    from tracknet_jax.models.registry import PRESETS
    from tracknet_jax.utils.files import replacing

    networks: list[Any] = [*PRESETS.values(), *RECTIFIERS.values()]
    rows = [
        {"name": config.name, **cost(config)._asdict(), "paper": config.paper, "config": asdict(config)}
        for config in networks
    ]
    rows.sort(key=_paper_name)
    if options.json:
        with replacing(options.json) as partial:
            partial.write_text(json.dumps(rows, indent=1) + "\n")
    _print(rows)
    return 0


def _paper_name(row: dict[str, Any]) -> str:
    """The paper's short name: "TrackNetV2" of "TrackNetV2, 2020, 3 in 1 out"."""
    return row["paper"].split(",")[0]


def _print(rows: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table

    from tracknet_jax.releases.release import RECTIFIER, shipped_releases

    shipped = {**shipped_releases(), **shipped_releases(RECTIFIER)}
    right = partial(Column, justify="right", no_wrap=True)
    table = Table(
        *(Column("name", no_wrap=True), *map(right, ("parameters", "GMACs", "window", "input"))),
        *(Column("weights", no_wrap=True), "paper"),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        caption="GMACs: multiply-adds of one window, attention included",
        caption_justify="left",
    )
    for _, group in itertools.groupby(rows, _paper_name):
        for row in group:
            window, size = _window(row["config"])
            table.add_row(
                row["name"],
                f"{row['parameters']:,}",
                f"{row['macs'] / 1e9:.2f}",
                window,
                size,
                "shipped" if row["name"] in shipped else "",
                row["paper"],
            )
        table.add_section()
    Console(width=None if sys.stdout.isatty() else 120).print(table)  # a pipe has no width of its own


def _window(config: dict[str, Any]) -> tuple[str, str]:
    """Frames in and maps out, and the size of a frame; a rectifier's window holds positions."""
    if "outputs" not in config:
        return f"{config['length']} to {config['length']}", "x, y, mask"
    return f"{config['frames']} to {config['outputs']}", f"{config['width']}x{config['height']}"
