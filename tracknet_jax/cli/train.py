"""`tracknet train CONFIG [--workdir DIR] [overrides]`: trains, and goes on where the same command was stopped."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

if TYPE_CHECKING:
    from tracknet_jax.training.loop import Result


@dataclass(frozen=True)
class TrainArguments:
    """Train a network, or go on with the run in the working directory.

    Every field of the config can be overridden by its dotted name; `tracknet train CONFIG --help` lists them.

    example:
      tracknet train tracknet_nano --data.source clips288 --workdir runs/nano --optimizer.lr 1e-3
    """

    config: Annotated[str, tyro.conf.Positional]
    """A preset: the path of a .py file with get_config(), or the name of a bundled one."""

    workdir: Path | None = None
    """Where the run writes: checkpoints, metrics.jsonl, tensorboard, pictures. Default: runs/CONFIG."""

    distributed: str | None = None
    """Join a run of several processes: auto on a cluster, or HOST:PORT,I/N for process I of N."""


def main(argv: list[str]) -> int:
    """Runs the command; returns 0 when the run is finished or was stopped with everything saved."""
    arguments, config = read(argv)
    workdir = arguments.workdir or Path("runs") / Path(arguments.config).stem
    logging.basicConfig(format="tracknet: %(message)s")
    logging.getLogger("absl").setLevel(logging.CRITICAL)  # Orbax logs with a traceback what it then raises

    from tracknet_jax.training.cluster.processes import is_first, joined

    with joined(arguments.distributed):
        if not is_first():
            logging.getLogger().setLevel(logging.ERROR)  # process 0 says it
        result, metric = _train(config, workdir)
        if is_first():
            _report(result, metric, workdir)
    return 0


def read(argv: list[str]) -> tuple[TrainArguments, Any]:
    """The command's own arguments, and the preset with its overrides; exits where they are wrong."""
    if argv and not argv[0].startswith("-") and {"-h", "--help"} & set(argv):
        arguments, overrides = (
            TrainArguments(argv[0]),
            ["--help"],
        )  # of the config's fields, not of the command
    else:
        arguments, overrides = tyro.cli(
            TrainArguments, args=argv, prog="tracknet train", return_unknown_args=True
        )

    from tracknet_jax.training.presets import load_config

    preset = load_config(arguments.config)
    registry = ConstructorRegistry()
    registry.primitive_rule(_shares)
    config = tyro.cli(
        type(preset),
        args=overrides,
        default=preset,
        prog=f"tracknet train {arguments.config}",
        description="",
        registry=registry,
    )
    return arguments, config


def _shares(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[dict[str, float]] | None:
    """Shares by name as `NAME SHARE ...`, all anew: tyro's own way knows no names beside those of the preset."""
    if info.type != dict[str, float]:
        return None

    def from_words(words: list[str]) -> dict[str, float]:
        if len(words) % 2:
            raise ValueError(f"{words[-1]} has no share: give NAME SHARE, for each name")
        return {name: float(share) for name, share in zip(words[::2], words[1::2], strict=True)}

    return PrimitiveConstructorSpec(
        nargs="*",
        metavar="NAME SHARE ...",
        instance_from_str=from_words,
        is_instance=lambda value: isinstance(value, dict),
        str_from_instance=lambda shares: [
            word for name, share in shares.items() for word in (name, str(share))
        ],
    )


def _train(config: Any, workdir: Path) -> tuple["Result", str]:
    """Runs the config; with the name of the score that chose the best checkpoint."""
    from tracknet_jax.rectification.rectifier_config import RectifierTrainConfig

    if isinstance(config, RectifierTrainConfig):
        from tracknet_jax.rectification.train_rectifier import train_rectifier

        return train_rectifier(config, workdir), f"{config.metric} accuracy"
    from tracknet_jax.training.loop import train

    return train(config, workdir), config.evaluation.metric


def _report(result: "Result", metric: str, workdir: Path) -> None:
    step, best = int(result.state.step), result.progress
    state = "stopped, the same command goes on" if result.stopped else "finished"
    print(f"{workdir}: step {step}, {state}")
    if best.best_step is not None:
        print(f"best {metric} {best.best_score:.4f} at step {best.best_step}")
