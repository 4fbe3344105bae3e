"""Distillation: the loss and its gradients by hand, which windows a teacher sees, what a student learns from it."""

import json
import shutil
from dataclasses import replace
from functools import cache, partial

import cv2
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers.float64 import as_float64, exact, in_float64
from tests.helpers.tiny_training import MODEL, tiny_batch, tiny_config
from tracknet_jax.cli.main import main
from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.data.clips import UNLABELLED
from tracknet_jax.data.formats.unlabelled import find_unlabelled
from tracknet_jax.heatmaps.losses import distillation_loss, soft_weighted_bce_map, weighted_bce
from tracknet_jax.models.tracknet import TrackNet, init_variables
from tracknet_jax.releases.release import load_release, save_release
from tracknet_jax.training.cluster.mesh import on_one_device
from tracknet_jax.training.cluster.parallel import Driver
from tracknet_jax.training.distillation import Teacher, window_ends
from tracknet_jax.training.gradients import gradients
from tracknet_jax.training.input.batch_sources import open_training
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.state import create_state
from tracknet_jax.training.step import train_step
from tracknet_jax.training.supervision import with_targets
from tracknet_jax.training.teachers import load_teacher
from tracknet_jax.training.train_config import DistillConfig
from tracknet_jax.utils.arrays import digest
from tracknet_jax.utils.errors import UserError

STUDENT = replace(MODEL, name="student", frames=5, outputs=5, motion="none")
CONFIG = tiny_config(model=STUDENT, batch_size=4, distill=DistillConfig(weight=0.3))


EXACT = replace(CONFIG, model=exact(STUDENT))


@cache
def teacher():
    return Teacher(jax.tree.map(np.asarray, init_variables(MODEL, jax.random.key(5))), MODEL, "")


def exact_teacher():
    return Teacher(as_float64(teacher().variables), exact(MODEL), "")


@cache
def state():
    key = jax.random.key(0)
    return create_state(init_variables(STUDENT, key), make_optimizer(CONFIG.optimizer), key, averaged=False)


def exact_state():
    variables = as_float64(state().variables)
    return create_state(variables, make_optimizer(CONFIG.optimizer), jax.random.key(0), averaged=False)


def raw_batch(seed=0, windows=4):
    """Windows of five frames."""
    two = tiny_batch(seed, windows), tiny_batch(seed + 50, windows)
    return {name: np.concatenate([x, two[1][name][:, :2]], axis=1) for name, x in two[0].items()}


def prepared_batch(seed=0, windows=4):
    batch = raw_batch(seed, windows)
    return jax.jit(partial(with_targets, config=CONFIG))({**batch, "frames": batch["frames"] / 255})


def found(batch, config=EXACT):
    """Loss, batch statistics and gradients in float64."""

    @jax.jit
    @on_one_device
    def of_batch(batch):
        return gradients(exact_state(), batch, jax.random.key(1), config, exact_teacher())

    return of_batch(batch)


def assert_close(a, b, tolerance=1e-9):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert x.dtype == y.dtype == "float64"
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * float(jnp.abs(y).max()))


def weighted_terms(p, t, weight_of_ones, weight_of_zeros):
    return -(weight_of_ones * t * jnp.log(p) + weight_of_zeros * (1 - t) * jnp.log(1 - p)).mean()


@pytest.fixture
def _float64():
    with in_float64():
        yield


@pytest.mark.usefixtures("_float64")
def test_gradients_are_those_of_the_formula():
    """Frame by frame, by automatic differentiation; the teacher's middle frame is the mean of two windows' maps."""
    batch = prepared_batch(windows=2)
    mask = np.asarray(batch["mask"])
    assert 0 < mask.sum() < mask.size
    told = exact_teacher()
    network = partial(TrackNet(told.model).apply, told.variables)
    early, late = (jax.nn.sigmoid(jax.jit(network)(batch["frames"][:, i : i + 3]).logits) for i in (0, 2))
    seen = [early[:, 0], early[:, 1], (early[:, 2] + late[:, 0]) / 2, late[:, 1], late[:, 2]]

    def loss(params):
        variables = {"params": params, "batch_stats": exact_state().batch_stats}
        student = TrackNet(EXACT.model)
        output, _ = student.apply(variables, batch["frames"], train=True, mutable=["batch_stats"])
        p = jax.nn.sigmoid(output.logits)
        total = 0.0
        for b in range(2):
            for i in range(5):
                y, t, q = batch["targets"][b, i], seen[i][b], p[b, i]
                from_teacher = weighted_terms(q, t, (t - q) ** 2, (t - q) ** 2)
                from_label = weighted_terms(q, y, (1 - q) ** 2, q**2)
                total += 0.7 * from_label + 0.3 * from_teacher if mask[b, i] else from_teacher
        return total / 10

    expected = jax.jit(jax.value_and_grad(loss))(exact_state().params)
    loss, _, grads = found(batch)
    assert_close((loss, grads), expected)


@pytest.mark.usefixtures("_float64")
def test_a_batch_of_equal_parts_has_the_gradients_of_the_whole():
    batch = jax.tree.map(lambda x: jnp.repeat(x, 2, axis=0), prepared_batch(1, windows=2))
    in_parts = found(batch, replace(EXACT, accumulation=2))
    assert_close(in_parts[::2], found(batch)[::2])


def test_soft_targets():
    logits = np.linspace(-8, 8, 41)
    p = 1 / (1 + np.exp(-logits))
    hard = {0: -(p**2) * np.log(1 - p), 1: -((1 - p) ** 2) * np.log(p)}  # the two halves of WBCE
    for t, expected in hard.items():
        np.testing.assert_allclose(
            soft_weighted_bce_map(jnp.array(logits), t), expected, rtol=1e-4, atol=1e-10
        )
    slope = jax.vmap(jax.grad(soft_weighted_bce_map), in_axes=(0, None))
    for t in (0.1, 0.4, 0.8):
        there = np.log(t / (1 - t))
        np.testing.assert_allclose(soft_weighted_bce_map(there, t), 0, atol=1e-12)
        assert (
            np.sign(slope(logits, t)) == np.sign(logits - there)
        ).all()  # falls towards p = t, from everywhere
    assert np.isfinite(soft_weighted_bce_map(jnp.array([-1e4, 1e4]), 0.3)).all()


def test_what_the_mask_leaves_to_the_teacher():
    key = jax.random.split(jax.random.key(0), 3)
    logits, maps = (jax.random.normal(k, (1, 2, 8, 8)) for k in key[:2])
    targets, maps = jnp.round(jax.random.uniform(key[2], (1, 2, 8, 8))), jax.nn.sigmoid(maps)
    labelled, unlabelled = jnp.ones((1, 2)), jnp.zeros((1, 2))
    compiled = jax.jit(distillation_loss)

    def loss(mask, targets=targets, maps=maps, weight=0.5):
        return float(compiled(logits, targets, mask, maps, weight))

    assert loss(unlabelled) == loss(unlabelled, targets=1 - targets) == loss(unlabelled, weight=0.1)
    assert loss(unlabelled) == loss(labelled, weight=1.0) != loss(unlabelled, maps=1 - maps)
    half = loss(jnp.array([[1.0, 0.0]]), targets=targets)
    assert half == loss(jnp.array([[1.0, 0.0]]), targets=targets.at[:, 1].set(0))
    assert half != loss(jnp.array([[1.0, 0.0]]), targets=targets.at[:, 0].set(0))
    of_labels = float(weighted_bce(logits, targets))
    assert loss(labelled, weight=0.25) == pytest.approx(0.75 * of_labels + 0.25 * loss(unlabelled))


@pytest.mark.parametrize(
    ("length", "outputs", "frames", "maps", "ends"),
    [
        (3, 3, 3, 3, [3]),
        (5, 5, 3, 3, [5, 3]),
        (8, 8, 3, 3, [8, 5, 3]),
        (5, 1, 3, 3, [5]),
        (5, 1, 3, 1, [5]),
        (4, 1, 4, 1, [4]),
    ],
)
def test_the_fewest_windows_that_cover_the_outputs(length, outputs, frames, maps, ends):
    assert window_ends(length, outputs, replace(MODEL, frames=frames, outputs=maps)) == ends


def test_both_drivers_give_the_step_its_teacher():
    config = replace(CONFIG, batch_size=8)
    optimizer = make_optimizer(config.optimizer)
    step = partial(train_step, config=config, optimizer=optimizer)

    def first_step(parallel, teacher):
        variables = jax.tree.map(jnp.copy, state().variables)  # the driver uses them up
        first = create_state(variables, optimizer, jax.random.key(0), averaged=False)
        driver = Driver(parallel, step, None, teacher)
        _, metrics = driver.step(driver.place(first), driver.place_inputs(raw_batch(windows=8)))
        return [float(metrics[name]) for name in ("loss", "grad_norm")]

    found = [first_step(parallel, teacher()) for parallel in ("jit", "pmap")]
    # One step from the same weights: sums in another order, and a pixel or two on the other side of a ReLU.
    assert found[0] == pytest.approx(found[1], rel=1e-4)
    other = replace(teacher(), variables=jax.tree.map(lambda x: x + 1, teacher().variables))
    assert first_step("jit", other)[0] != pytest.approx(found[0][0], rel=0.01)


def config_with(folder, model=STUDENT, **crop):
    config = tiny_config(model=model, distill=DistillConfig(str(folder)))
    return replace(config, data=replace(config.data, augment=AugmentConfig(**crop)))


@pytest.mark.parametrize(
    ("changes", "student", "crop", "message"),
    [
        ({"height": 64}, {}, None, "takes frames of 64x64, student of 64x32"),
        ({"frames": 8, "outputs": 8}, {}, None, "needs 8 frames, the windows of student have 5"),
        ({"outputs": 1}, {}, None, "has no map of the first of the 5 frames that student learns"),
        ({"motion": "none", "background": "concat"}, {}, None, "needs a background image"),
        ({}, {"outputs": 1, "head": "classes"}, None, "student learns classes"),
        ({"bn_axis": "width"}, {}, (16, 32), "weights for the places of whole frames"),
        ({"widths": (2, 2, 2), "depths": (1, 1, 1)}, {}, (18, 32), "divisible by 4 on both sides"),
    ],
)
def test_teachers_that_cannot_teach(tmp_path, changes, student, crop, message):
    model = replace(MODEL, **changes)
    shapes = jax.eval_shape(lambda: init_variables(model, jax.random.key(0)))
    save_release(tmp_path / "teacher", model, jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), shapes))
    with pytest.raises(UserError, match=message) as error:
        load_teacher(config_with(tmp_path / "teacher", replace(STUDENT, **student), crop=crop))
    assert "choose another teacher" in str(error.value)


def test_a_teacher_computes_in_the_students_dtype_and_is_known_by_its_weights(tmp_path):
    for seed in (0, 1):
        save_release(tmp_path / str(seed), MODEL, init_variables(MODEL, jax.random.key(seed)))
    config = config_with(tmp_path / "0", replace(STUDENT, dtype="bfloat16"))
    loaded = load_teacher(config)
    assert loaded.model == replace(MODEL, dtype="bfloat16")
    known = replace(config, distill=replace(config.distill, digest=loaded.digest))
    assert load_teacher(known).digest == loaded.digest
    with pytest.raises(UserError, match=f"not distill.digest {loaded.digest}"):
        load_teacher(replace(known, distill=replace(known.distill, teacher=str(tmp_path / "1"))))
    assert load_teacher(tiny_config()) is None


@pytest.fixture(scope="module")
def videos(clips, tmp_path_factory):
    """The frames of `clips` as videos, without a word on where the ball is."""
    folder = tmp_path_factory.mktemp("videos")
    for clip in sorted(clips.glob("train/*/*")):
        images = [cv2.imread(str(path)) for path in sorted(clip.glob("*.png"))]
        size = images[0].shape[1::-1]
        writer = cv2.VideoWriter(str(folder / f"{clip.name}.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25, size)
        for image in images:
            writer.write(image)
        writer.release()
    return folder


@pytest.fixture(scope="module")
def trained(clips, videos, tmp_path_factory):
    """A teacher of labels and its student of videos alone, both by `tracknet train`: their working directories."""
    root = tmp_path_factory.mktemp("runs")
    learn(root / "teacher", clips, "--steps", "100")
    learn(root / "student", videos, "--steps", "150", "--distill.teacher", str(root / "teacher"))
    return root / "teacher", root / "student"


def learn(workdir, source, *overrides):
    """`smallest` without augmentation and validation."""
    plain = ["--data.augment.flip", "0", "--data.augment.brightness", "0", "--data.augment.contrast", "0"]
    plain += ["--data.augment.scale", "1", "1", "--data.augment.shift", "0", "--log-every", "10"]
    words = ["--workdir", str(workdir), "--data.source", str(source), "--evaluation.every", "0", *plain]
    code = main(["train", "smallest", *words, "--checkpoint.every", "100", *overrides])
    assert code == 0


def test_a_student_of_unlabelled_videos_finds_what_its_teacher_finds(trained, clips):
    (teacher, variables, _), (student, learned, _) = (load_release(folder) for folder in trained)
    images = [cv2.imread(str(path))[..., ::-1] for path in sorted(clips.glob("train/game1/Clip1/*.png"))]
    frames = np.stack([images[i : i + 3] for i in (0, 6, 9)])
    told, found = (
        np.asarray(jax.nn.sigmoid(jax.jit(network.apply)(weights, frames).logits))
        for network, weights in ((teacher, variables), (student, learned))
    )
    assert (told.max((2, 3)) > 0.5).any()  # the teacher has learned something
    peaks, own = (np.argmax(maps.reshape(9, -1), axis=1) for maps in (told, found))
    near = np.hypot(peaks % 64 - own % 64, peaks // 64 - own // 64) <= 2
    assert near[told.reshape(9, -1).max(1) > 0.5].all()
    assert np.abs(told - found).mean() < 0.1 * told.mean()


def test_a_run_keeps_its_teacher(trained, videos, tmp_path, capsys):
    teacher, student = trained
    kept = json.loads((student / "train_config.json").read_text())["distill"]
    assert kept["digest"] == digest(load_release(teacher).variables)
    save_release(tmp_path / "other", MODEL, init_variables(MODEL, jax.random.key(1)))
    command = ["train", "smallest", "--workdir", str(student), "--data.source", str(videos)]
    assert main([*command, "--distill.teacher", str(tmp_path / "other"), "--steps", "160"]) == 2
    error = capsys.readouterr().err
    assert f"the run here has distill.digest = {kept['digest']}" in error
    assert len(error.strip().splitlines()) == 1
    shutil.copytree(teacher, tmp_path / "moved")
    learn(student, videos, "--steps", "151", "--distill.teacher", str(tmp_path / "moved"))


def test_videos_and_labelled_clips_are_one(clips, videos, tmp_path):
    def windows(*sources, **changes):
        config = tiny_config(**changes)
        data = replace(config.data, source=tuple(map(str, sources)))
        return open_training(replace(config, data=data), tmp_path)

    together = windows(clips, videos, distill=DistillConfig("tracknet_nano"))
    assert together.windows == 2 * 10 + 2 * 10
    assert together.next()["visibility"].tolist()[-24:] == [UNLABELLED] * 24
    with pytest.raises(UserError, match="no labelled clips found"):
        windows(videos)


def test_unlabelled_clips(videos, clips):
    assert [(clip.name, clip.sport, clip.split) for clip in find_unlabelled(videos)] == [
        ("Clip1.avi", "unlabelled", "train"),
        ("Clip2.avi", "unlabelled", "train"),
    ]
    assert find_unlabelled(clips) == []  # there are labels
