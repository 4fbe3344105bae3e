"""Every recipe of configs/: it trains on the clips that its split finds, with the constants that are published."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import jax
import numpy as np
import pytest

from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.data.augment.mixup import MixupConfig
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.releases.release import save_release
from tracknet_jax.scoring.protocols import PROTOCOLS
from tracknet_jax.training.cluster.mesh import on_one_device
from tracknet_jax.training.initial import initial_variables
from tracknet_jax.training.input.batch_sources import open_training
from tracknet_jax.training.input.frame_cache import cached_frames
from tracknet_jax.training.optimizers import make_optimizer, make_schedule
from tracknet_jax.training.presets import bundled_names, load_config, run_name
from tracknet_jax.training.state import create_state
from tracknet_jax.training.step import train_step
from tracknet_jax.training.train_config import TargetConfig, TrainConfig

RECIPES = {name: config for name in bundled_names() if isinstance(config := load_config(name), TrainConfig)}
WIDTH, HEIGHT, FRAMES = 64, 32, 10

# A clip of every part that the splits know.
TENNIS = [f"game{game}/Clip{clip}" for game in (1, 2, 8) for clip in (1, 2)]
PADEL = ["final_0_00_1", "final_1_00_1"]
SHUTTLECOCK = ["Professional/match1/1_01_00", "Professional/match1/1_02_00", "Test/match1/1_05_02"]

# Of each published recipe, from the papers and their code: optimizer, rate, epochs (or steps), batch.
ADADELTA, ADAM, ADAMW = ("adadelta", 1.0), ("adam", 1e-3), ("adamw", 1e-4)
PUBLISHED = {
    "attention_unet:shuttlecock": (*ADAM, 30, 4),
    "tracknet_v1:tennis": (*ADADELTA, 100_000, 2),
    "tracknet_v2:3to1_shuttlecock": (*ADADELTA, 30, 3),
    "tracknet_v2:3to1_tennis": (*ADADELTA, 30, 3),
    "tracknet_v2:mdd_tennis_random": (*ADAMW, 30, 2),
    "tracknet_v2:rstr_tennis_random": (*ADAMW, 30, 2),
    "tracknet_v2:shuttlecock": (*ADADELTA, 30, 2),
    "tracknet_v2:tennis": (*ADADELTA, 30, 2),
    "tracknet_v2:tennis_clip_level": (*ADADELTA, 30, 2),
    "tracknet_v2:tennis_random": (*ADAMW, 30, 2),
    "tracknet_v3:motion_shuttlecock": (*ADAM, 30, 10),
    "tracknet_v3:motion_shuttlecock_finetuned": ("adam", 1e-4, 3, 10),
    "tracknet_v3:shuttlecock": (*ADAM, 30, 10),
    "tracknet_v4:mean_tennis": (*ADADELTA, 30, 2),
    "tracknet_v4:mean_tennis_finetuned": ("adadelta", 1e-3, 30, 2),
    "tracknet_v4:shuttlecock": (*ADADELTA, 30, 2),
    "tracknet_v4:shuttlecock_finetuned": ("adadelta", 1e-3, 3, 2),
    "tracknet_v4:tennis": (*ADADELTA, 30, 2),
    "tracknet_v4:tennis_clip_level": (*ADADELTA, 30, 2),
    "tracknet_v4:tennis_finetuned": ("adadelta", 1e-3, 30, 2),
    "tracknet_v4:tennis_random": (*ADAMW, 30, 2),
    "tracknet_v4:type_b_tennis": (*ADADELTA, 30, 2),
    "tracknet_v5:tennis": (*ADAMW, 30, 2),
    "tracknet_v5:tennis_random": (*ADAMW, 30, 2),
}
OURS = {"ablation", "smallest", "tracknet_nano", "tracknet_v2", "tracknet_v5"}
QUICK = {"tracknet_v2:tennis", "tracknet_v3:shuttlecock"}  # trained by the ordinary suite, too
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> dict[str, Path]:
    """A tennis and a shuttlecock set: white dots on noise, every frame labelled."""
    root = tmp_path_factory.mktemp("sets")
    places = [(8 + 2 * i, 16) for i in range(FRAMES)]
    for clip in TENNIS:
        rows = ["file name,visibility,x-coordinate,y-coordinate,status"]
        rows += [f"{i:04d}.png,1,{x},{y},0" for i, (x, y) in enumerate(places)]
        write_clip(root / "tennis" / clip, places, root / "tennis" / clip / "Label.csv", rows)
    for clip in SHUTTLECOCK:
        match, rally = (root / "shuttlecock" / clip).parent, Path(clip).name
        rows = ["Frame,Visibility,X,Y", *(f"{i},1,{x},{y}" for i, (x, y) in enumerate(places))]
        write_clip(match / "frame" / rally, places, match / "csv" / f"{rally}_ball.csv", rows)
    for clip in PADEL:
        rows = ["Frame,Visibility,X,Y", *(f"{i},1,{x},{y}" for i, (x, y) in enumerate(places))]
        write_clip(root / "images" / clip, places, root / "padel/padel" / clip / "ball.csv", rows)
        write_video(root / "images" / clip, root / "padel/padel" / clip / "video.avi")
    manifest = ["sport,split,clip", *(f"padel,train,{clip}" for clip in PADEL)]
    (root / "padel/manifest.csv").write_text("\n".join(manifest) + "\n")
    return {name: root / name for name in ("tennis", "shuttlecock", "padel")}


def write_clip(folder: Path, places: list[tuple[int, int]], labels: Path, rows: list[str]) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    labels.parent.mkdir(parents=True, exist_ok=True)
    for i, place in enumerate(places):
        image = rng.integers(20, 60, (HEIGHT, WIDTH, 3), np.uint8)
        cv2.circle(image, place, 2, (250, 250, 250), -1)
        cv2.imwrite(str(folder / f"{i:04d}.png"), image)
    labels.write_text("\n".join(rows) + "\n")


def write_video(images: Path, video: Path) -> None:
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"MJPG"), 25, (WIDTH, HEIGHT))
    for image in sorted(images.iterdir()):
        writer.write(cv2.imread(str(image)))
    writer.release()


def shrunk(config: TrainConfig, sets: dict[str, Path]) -> TrainConfig:
    """The recipe as it is but for sizes: of the network, the frames and the batch. CPUs only emulate bfloat16."""
    by = config.data.split_by
    source = sets[next((name for name in ("shuttlecock", "padel") if by.startswith(name)), "tennis")]
    crop = config.data.augment.crop and (HEIGHT, WIDTH)
    data = replace(config.data, source=(str(source),), cache=str(source.parent / "cache"))
    return replace(
        config,
        model=tiny(config.model),
        data=replace(data, augment=replace(data.augment, crop=crop)),
        batch_size=2,
        init_from=None,
    )


def tiny(model: TrackNetConfig) -> TrackNetConfig:
    small = {"widths": (2, 4), "depths": (1, 1), "embed_dim": 8, "layers": 2, "mlp_dim": 8}
    return replace(model, height=HEIGHT, width=WIDTH, dtype="float32", **small)


def two_steps(config: TrainConfig, workdir: Path) -> list[float]:
    """The losses of two steps on the device that there is, through what the training loop is made of."""
    source = open_training(config, workdir)
    state = create_state(
        initial_variables(config), make_optimizer(config.optimizer), jax.random.key(0), config.ema_decay > 0
    )
    optimizer = make_optimizer(config.optimizer, 2)
    step = jax.jit(on_one_device(partial(train_step, config=config, optimizer=optimizer, draw=source.draw)))
    losses = []
    for _ in range(2):
        state, metrics = step(state, source.next())
        losses.append(float(metrics["loss"]))
    return losses


@pytest.fixture(scope="module")
def losses_of(sets, tmp_path_factory, quick_compiling):
    """Two steps of a recipe. Recipes that differ in names, clips and rates alone are one program and run once."""
    done: dict[TrainConfig, list[float]] = {}

    def run(name: str) -> list[float]:
        config = shrunk(RECIPES[name], sets)
        program = replace(
            config,
            model=replace(config.model, name="", paper=""),
            data=replace(config.data, source=(), split_by="auto", sport_weights=()),
            optimizer=replace(config.optimizer, lr=1.0, decay_all=False),
            evaluation=None,
            steps=None,
            epochs=None,
            seed=0,
        )
        if program not in done:
            done[program] = two_steps(config, tmp_path_factory.mktemp(run_name(name)))
        return done[program]

    return run


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in RECIPES]
)
def test_a_recipe_trains(name, losses_of):
    losses = losses_of(name)
    assert np.isfinite(losses).all()
    assert losses[0] != losses[1]


@pytest.mark.parametrize("name", RECIPES)
def test_a_split_finds_its_clips(name, sets, tmp_path):
    config = shrunk(RECIPES[name], sets)
    length, by = config.model.frames, config.data.split_by
    windows = FRAMES - length + 1
    expected = {
        "auto": 4 * windows,  # game 8 is held out
        "tennis_game_level": 2 * windows,  # game 2
        "tennis_clip_level": 2 * windows,  # 1/1; 2/2, of which game the other is tested on; of 8 both are
        "triplet_random": int(0.7 * 6 * windows),
    }
    assert open_training(config, tmp_path).windows == expected.get(by, windows)
    assert (config.evaluation.every == 0) == (by == "triplet_random")
    if config.evaluation.every:
        assert len(cached_frames(config, tmp_path, config.data.val_split).index) in (FRAMES, 2 * FRAMES)


@pytest.mark.parametrize("name", sorted(name for name, config in RECIPES.items() if config.init_from))
def test_fine_tuning_begins_with_another_recipes_weights(name, sets, tmp_path):
    config = RECIPES[name]
    origin = Path(config.init_from)
    assert origin.parent == Path("runs")  # where `tracknet train` puts a recipe's run
    given = shrunk(load_config(origin.name), sets)
    variables = initial_variables(given)
    save_release(tmp_path / "base", given.model, variables)
    begun = initial_variables(replace(shrunk(config, sets), seed=1, init_from=str(tmp_path / "base")))
    taken, left = [], []
    for path, value in jax.tree_util.tree_leaves_with_path(begun):
        known = dict(jax.tree_util.tree_leaves_with_path(variables)).get(path)
        same = known is not None and np.array_equal(known, value)
        (taken if same else left).append(path)
    assert len(taken) == len(jax.tree.leaves(variables))
    assert len(left) == 2  # V4's two scalars


def test_the_tables_name_every_recipe():
    assert set(RECIPES) == set(PUBLISHED) | OURS


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_constants_are_the_published_ones(name):
    config = RECIPES[name]
    optimizer, rate, length, batch = PUBLISHED[name]
    assert (config.optimizer.name, config.optimizer.lr) == (optimizer, rate)
    assert (config.steps or config.epochs, config.batch_size) == (length, batch)
    assert config.ema_decay == 0
    assert config.data.augment == AugmentConfig()  # none of the papers augments, but for V3's mixup
    assert config.data.stride == 1
    of_v3, of_v5 = name.startswith("tracknet_v3"), optimizer == "adamw"
    assert config.data.mixup == MixupConfig(sample=0.5 if of_v3 else 0.0)
    assert config.target == (TargetConfig("v5") if of_v5 else TargetConfig("disc", 2.5))
    assert config.model.kernel_init == ("uniform" if optimizer == "adadelta" else "torch")
    if optimizer == "adadelta":  # Keras' constants, not optax's
        assert (config.optimizer.rho, config.optimizer.eps) == (0.95, 1e-7)
    else:
        assert (config.optimizer.betas, config.optimizer.eps) == ((0.9, 0.999), 1e-8)
    assert config.optimizer.weight_decay == (0.01 if of_v5 else 0.0)
    assert config.optimizer.clip_norm == (1.0 if of_v5 else None)
    rates = [float(make_schedule(config.optimizer, 30)(step)) / rate for step in (0, 19, 20, 24, 25, 29)]
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01] if of_v5 else [1] * 6)


def rows_of(file: str) -> dict[str, tuple[str, str, str, str]]:
    """The table in a recipe file's docstring: split, part, protocol and published figures of each variant."""
    text = (ROOT / "configs" / f"{file}.py").read_text().split('"""')[1]
    rows = re.findall(r"^(\w+) +(\w+) +(test|val) +(tracknet_v\d) +(\S.*)$", text, re.MULTILINE)
    return {variant: (split, part, protocol, published) for variant, split, part, protocol, published in rows}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_docstring_says_how_and_what(name):
    file, variant = name.split(":")
    text = (ROOT / "configs" / f"{file}.py").read_text()
    assert f"    tracknet train {file}:VARIANT --data.source CLIPS\n" in text
    assert f"    tracknet evaluate --checkpoint runs/{file}_VARIANT --data CLIPS " in text
    assert run_name(name) == f"{file}_{variant}"
    assert re.search(r"--split-by BY --split PART --protocol PROTOCOL", text)
    split, part, protocol, published = rows_of(file)[variant]
    assert split == RECIPES[name].data.split_by
    assert part == ("val" if split == "triplet_random" else "test")  # a random split has two parts
    assert protocol in PROTOCOLS
    assert re.search(r"\d\d\.\d|nothing", published)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_page_says_the_same_as_the_docstring(name):
    file, variant = name.split(":")
    page = (ROOT / "docs/recipes.md").read_text().splitlines()
    (row,) = [line for line in page if line.startswith(f"| `{name}` ")]
    split, _, protocol, published = rows_of(file)[variant]
    assert f"| `{split}` | `{protocol}` |" in row
    figures = re.findall(r"\d\d\.\d+", published.split(";")[0])
    assert set(figures) <= set(re.findall(r"\d\d\.\d+", row))
    assert len(figures) == len(re.findall(r"\d\d\.\d+", row.split(";")[0]))


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_runs_and_names_of_earlier_versions_are_those_of_today(name):
    assert load_config(run_name(name)) == load_config(f"configs/{run_name(name)}.py") == RECIPES[name]
