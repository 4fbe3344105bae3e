"""Trains the full networks on one accelerator for some minutes, scores them and writes releases.

python tools/ten_minutes.py CLIPS --output runs/ten                       # tracknet_v5 and tracknet_v2, 4 minutes each
python tools/ten_minutes.py CLIPS --output runs/ten --recipes tracknet_v5 --minutes 7

For each recipe, a few steps measure the speed; a batch that does not fit in the memory is halved. The run then takes
as many steps as the minutes allow, on the schedule of the recipe. The release holds a card and the scores of the
held-out clips. The script needs neither Grain nor TFDS. The same command resumes a run that was stopped.
"""

import json
import logging
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from a checkout that is not installed

import jax
from scoring import Variant, results_table, val_scores

from tracknet_jax.models.cost import cost
from tracknet_jax.releases.release import CARD, load_release, save_release
from tracknet_jax.training.loop import train
from tracknet_jax.training.presets import load_config, run_name
from tracknet_jax.training.train_config import CheckpointConfig, EvalConfig, TrainConfig
from tracknet_jax.utils.errors import UserError, entry_point
from tracknet_jax.utils.files import replacing

MEASURED = 10  # steps; as many before them, and as many to compile
SCORED = {"default": (), "weighted": ("--overlap", "weighted")}


@dataclass(frozen=True)
class Options:
    """Train recipes for some minutes each on this machine, and write releases."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Folders of clips; the val clips of the first are scored."""
    output: Path
    """Where runs, releases and scores go."""
    recipes: tuple[str, ...] = ("tracknet_v5", "tracknet_v2")
    """Names or files of configs."""
    minutes: float = 4.0
    """Training time of each recipe with compiling; decoding, measuring and scoring take more."""
    batch_size: int | None = None
    """Windows a step, halved until they fit; default: the recipe's."""


@entry_point("ten_minutes")
def main(argv: list[str]) -> None:
    """Runs the command."""
    options = tyro.cli(Options, args=argv, prog="ten_minutes.py")
    logging.basicConfig(format="ten_minutes: %(message)s")
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        # Each recipe is compiled twice. The second time takes the program, and on a GPU its kernels, of the first.
        jax.config.update("jax_compilation_cache_dir", str(options.output / "compiled"))
    for recipe in options.recipes:
        run_recipe(recipe, options)


def run_recipe(recipe: str, options: Options) -> None:
    """Runs one recipe up to its release; raises `UserError` if it is stopped or not scored."""
    name, config = run_name(recipe), load_config(recipe)
    data = replace(config.data, source=options.data, cache=str(options.output / "frames"))
    config = replace(config, data=data, batch_size=options.batch_size or config.batch_size, epochs=None)
    workdir, folder = options.output / name, options.output / "releases" / name
    plan = kept_plan(config, workdir, 60 * options.minutes)
    print(f"{name}: {plan}", flush=True)
    steps = plan["steps"]
    config = replace(
        config,
        batch_size=plan["batch_size"],
        steps=steps,
        evaluation=replace(config.evaluation, every=max(steps // 3, 1)),
        checkpoint=replace(config.checkpoint, every=max(steps // 6, 1)),
    )
    if train(config, workdir).stopped:
        raise UserError(f"{workdir}: stopped; the same command resumes it")
    release = load_release(workdir)
    save_release(folder, replace(release.config, dtype="float32"), release.variables)
    scored = [score(name, folder, config, label) for label in SCORED]
    (folder / CARD).write_text(card(name, config, plan, scored), encoding="utf-8")


def kept_plan(config: TrainConfig, workdir: Path, seconds: float) -> dict[str, Any]:
    """The plan that was measured when the run began: a resumed run keeps its schedule."""
    file = workdir / "plan.json"
    if not file.is_file():
        plan = measured_plan(config, workdir / "measuring", seconds)
        with replacing(file) as partial:
            partial.write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")
    return json.loads(file.read_text())


def measured_plan(config: TrainConfig, folder: Path, seconds: float) -> dict[str, Any]:
    """How many steps of which batch fit into `seconds` on this machine, measured by some steps in `folder`."""
    config = replace(
        config,
        steps=3 * MEASURED,
        evaluation=EvalConfig(every=0),
        checkpoint=CheckpointConfig(every=3 * MEASURED, keep=1),
        log_every=MEASURED,
    )
    shutil.rmtree(folder, ignore_errors=True)  # a stopped start leaves it
    try:
        train(config, folder)
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error) or config.batch_size == 1:
            raise
        print(f"{config.batch_size} windows do not fit, trying half of them", flush=True)
        return measured_plan(replace(config, batch_size=config.batch_size // 2), folder, seconds)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    first, last = (config.batch_size * config.model.frames / lines[i]["frames_per_second"] for i in (0, -1))
    shutil.rmtree(folder)
    compiling = max(first - last, 0.0) * MEASURED
    return {
        "steps": max(int((seconds - compiling) / last), 1),
        "batch_size": config.batch_size,
        "seconds_a_step": last,
        "seconds_to_compile": compiling,
        "devices": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
    }


def score(name: str, folder: Path, config: TrainConfig, label: str) -> Variant:
    """The scores of a release on the held-out clips, also kept in its folder."""
    split = ("--split-by", config.data.split_by) if config.data.split_by != "auto" else ()
    path, clips = folder / f"scores_{label}.json", Path(config.data.source[0])
    report = val_scores(str(folder), folder, clips, (*split, *SCORED[label]), path, reuse=False)
    return Variant(name, SCORED[label], report)


def card(name: str, config: TrainConfig, plan: dict[str, Any], scored: Iterable[Variant]) -> str:
    """The model card: the network, its training and its scores. Whoever ships it adds data and limits."""
    model = config.model
    parameters, macs = cost(model)
    return (
        f"# {name}\n\n"
        f"{model.name}: {model.frames} frames of {model.width}x{model.height} in, {model.outputs} maps out; "
        f"{parameters:,} parameters, {macs / 1e9:.2f} GMACs a window.\n\n"
        f"Trained by `tools/ten_minutes.py` with the recipe `{name}`: {plan['steps']} steps of "
        f"{plan['batch_size']} windows, {plan['seconds_a_step']:.3f} s each, on {plan['devices']}; split "
        f"`{config.data.split_by}`.\n\nHeld-out clips, protocol `default`, per cent:\n\n"
        f"{results_table(scored)}\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
