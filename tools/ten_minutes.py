"""Trains the full networks on one accelerator in a few minutes, scores them, and leaves releases ready to be shipped.

python tools/ten_minutes.py CLIPS --output runs/ten                       # tracknet_v5 and tracknet_v2, 4 minutes each
python tools/ten_minutes.py CLIPS --output runs/ten --recipes tracknet_v5 --minutes 7 --pieces 15

For each recipe: a few steps to measure the speed, with half the batch as long as it does not fit in the memory; as many
steps as the minutes then allow, on the recipe's schedule; scores of the held-out clips; a release with card and scores.
Needs no Grain and no TFDS. The same command goes on where it was stopped.
"""

import io
import json
import logging
import os
import shutil
import sys
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from a checkout that is not installed

import jax

from tracknet_jax.cli.main import main as tracknet
from tracknet_jax.models.cost import cost
from tracknet_jax.releases.release import CARD, load_release, save_release
from tracknet_jax.training.loop import train
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import CheckpointConfig, EvalConfig, TrainConfig
from tracknet_jax.utils.errors import UserError, entry_point
from tracknet_jax.utils.files import replacing

MEASURED = 10  # steps; as many before them, and as many to compile
SCORED = {"default": (), "weighted": ("--overlap", "weighted")}


@dataclass(frozen=True)
class Options:
    """Train recipes for some minutes each on the device here, and leave releases ready to be shipped."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Folders of clips; the val clips of the first are scored."""
    output: Path
    """Where runs, releases and scores go."""
    recipes: tuple[str, ...] = ("tracknet_v5", "tracknet_v2")
    """Names or files of configs."""
    minutes: float = 4.0
    """Training time of each recipe, compiling included; decoding, the measuring and scores come on top."""
    batch_size: int | None = None
    """Windows a step, halved until they fit; default: the recipe's."""
    pieces: Annotated[int | None, tyro.conf.arg(metavar="MIB")] = None
    """Write each release as files of so many MiB, too: `cat NAME.tar.* | tar x` puts them together."""


@entry_point("ten_minutes")
def main(argv: list[str]) -> None:
    """Runs the command."""
    options = tyro.cli(Options, args=argv, prog="ten_minutes.py")
    logging.basicConfig(format="ten_minutes: %(message)s")
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        # Each recipe is compiled twice, on a GPU the second time with the kernels that the first has chosen.
        jax.config.update("jax_compilation_cache_dir", str(options.output / "compiled"))
    for recipe in options.recipes:
        run_recipe(recipe, options)


def run_recipe(recipe: str, options: Options) -> None:
    """One recipe from its first step to its release; raises `UserError` if it is stopped or cannot be scored."""
    name, config = Path(recipe).stem, load_config(recipe)
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
        raise UserError(f"{workdir}: stopped, the same command goes on")
    release = load_release(workdir)
    save_release(folder, replace(release.config, dtype="float32"), release.variables)
    reports = {label: score(folder, config, label) for label in SCORED}
    (folder / CARD).write_text(card(name, config, plan, reports), encoding="utf-8")
    if options.pieces:
        write_pieces(folder, options.pieces * 2**20)


def kept_plan(config: TrainConfig, workdir: Path, seconds: float) -> dict[str, Any]:
    """What `measured_plan` gave when the run began: one that goes on must not become another one."""
    file = workdir / "plan.json"
    if not file.is_file():
        plan = measured_plan(config, workdir / "measuring", seconds)
        with replacing(file) as partial:
            partial.write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")
    return json.loads(file.read_text())


def measured_plan(config: TrainConfig, folder: Path, seconds: float) -> dict[str, Any]:
    """How many steps, and of which batch, fit into `seconds` on the devices here, after some steps in `folder`."""
    config = replace(
        config,
        steps=3 * MEASURED,
        evaluation=EvalConfig(every=0),
        checkpoint=CheckpointConfig(every=3 * MEASURED, keep=1),
        log_every=MEASURED,
    )
    shutil.rmtree(folder, ignore_errors=True)  # of a start that was stopped
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


def score(folder: Path, config: TrainConfig, label: str) -> dict[str, Any]:
    """The report of a release on the held-out clips, which is written into its folder, too."""
    path = folder / f"scores_{label}.json"
    command = ["evaluate", "--checkpoint", str(folder), "--data", config.data.source[0], "--split", "val"]
    command += ["--split-by", config.data.split_by] if config.data.split_by != "auto" else []
    if tracknet([*command, *SCORED[label], "--json", str(path)]):
        raise UserError(f"{folder}: could not be scored")
    return json.loads(path.read_text())


def card(name: str, config: TrainConfig, plan: dict[str, Any], reports: dict[str, dict[str, Any]]) -> str:
    """The model card: what it is, how it was trained, and its scores; data and limits are for the writer to say."""
    model = config.model
    parameters, macs = cost(model)
    rows = [
        f"| {label} | {group} | {counts['frames']} | "
        + " | ".join(f"{100 * counts[key]:.1f}" for key in ("f1_hit", "f1", "precision", "recall"))
        + " |"
        for label, report in reports.items()
        for group, counts in {**report["sports"], "all": report["total"]}.items()
    ]
    return "\n".join(
        [
            f"# {name}\n",
            f"{model.name}: {model.frames} frames of {model.width}x{model.height} in, {model.outputs} maps out; "
            f"{parameters:,} parameters, {macs / 1e9:.2f} GMACs a window.\n",
            f"Trained by `tools/ten_minutes.py` with the recipe `{name}`: {plan['steps']} steps of "
            f"{plan['batch_size']} windows, {plan['seconds_a_step']:.3f} s each, on {plan['devices']}; split "
            f"`{config.data.split_by}`.\n",
            "Held-out clips, protocol `default`, per cent:\n",
            "| overlap | sport | frames | F1 hit | F1 | precision | recall |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def write_pieces(folder: Path, size: int) -> None:
    """The release as NAME.tar.00, NAME.tar.01 ... of at most `size` bytes, beside its folder."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        archive.add(folder, arcname=folder.name)
    content = whole.getvalue()
    for i, start in enumerate(range(0, len(content), size)):
        folder.with_name(f"{folder.name}.tar.{i:02d}").write_bytes(content[start : start + size])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
