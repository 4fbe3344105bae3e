"""`tracknet train CONFIG [--workdir DIR] [overrides]`: trains, and resumes a run that was stopped."""

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
    """Train a network, or resume the run in the working directory.

    Every field of the config can be overridden by its dotted name; `tracknet train CONFIG --help` lists them.

    example:
      tracknet train tracknet_nano --data.source clips288 --workdir runs/nano --optimizer.lr 1e-3
    """

    config: Annotated[str, tyro.conf.Positional]
    """A recipe: NAME or NAME:VARIANT of a bundled one, or the path of a .py file, with :VARIANT or without."""

    workdir: Path | None = None
    """Folder for checkpoints, metrics.jsonl, tensorboard and pictures. Default: runs/NAME or runs/NAME_VARIANT."""

    distributed: str | None = None
    """Join a run of several processes: auto on a cluster, or HOST:PORT,I/N for process I of N."""


def main(argv: list[str]) -> int:
    """Runs the command; returns 0 when the run is finished or was stopped with everything saved."""
    arguments, config = read(argv)

    from tracknet_jax.training.cluster.processes import is_first, joined
    from tracknet_jax.training.presets import run_name

    workdir = arguments.workdir or Path("runs") / run_name(arguments.config)
    logging.basicConfig(format="tracknet: %(message)s")
    logging.getLogger("absl").setLevel(logging.CRITICAL)  # Orbax logs a traceback of each error it raises
    with joined(arguments.distributed):
        if not is_first():
            logging.getLogger().setLevel(logging.ERROR)  # process 0 reports for all
        result, metric = _train(config, workdir)
        if is_first():
            _report(result, metric, workdir)
    return 0


def read(argv: list[str]) -> tuple[TrainArguments, Any]:
    """The command's own arguments, and the recipe with its overrides; exits with code 2 if one is wrong."""
    if argv and not argv[0].startswith("-") and {"-h", "--help"} & set(argv):
        arguments, overrides = TrainArguments(argv[0]), ["--help"]  # lists the fields of this recipe
    else:
        arguments, overrides = tyro.cli(
            TrainArguments, args=argv, prog="tracknet train", return_unknown_args=True
        )

    from tracknet_jax.training.presets import load_config  # here, so that --help does not wait for JAX

    recipe = load_config(arguments.config)
    registry = ConstructorRegistry()
    registry.primitive_rule(_shares)
    config = tyro.cli(
        type(recipe),
        args=overrides,
        default=recipe,
        prog=f"tracknet train {arguments.config}",
        description="",
        registry=registry,
    )
    return arguments, config


def _shares(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[dict[str, float]] | None:
    """Reads `NAME SHARE ...` as a dict that replaces the recipe's; tyro itself accepts only the recipe's names."""
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
    """Runs the config; also returns the name of the score that chooses the best checkpoint."""
    from tracknet_jax.training.rectifier.rectifier_config import RectifierTrainConfig

    if isinstance(config, RectifierTrainConfig):
        from tracknet_jax.training.rectifier.train_rectifier import train_rectifier

        return train_rectifier(config, workdir), f"{config.metric} accuracy"
    from tracknet_jax.training.loop import train

    return train(config, workdir), config.evaluation.metric


def _report(result: "Result", metric: str, workdir: Path) -> None:
    step, best = int(result.state.step), result.progress
    state = "stopped, the same command goes on" if result.stopped else "finished"
    print(f"{workdir}: step {step}, {state}")
    if best.best_step is not None:
        print(f"best {metric} {best.best_score:.4f} at step {best.best_step}")
