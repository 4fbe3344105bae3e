"""Training of a rectifier: it learns the ball's true positions in the frames of a trajectory that it cannot see."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from tracknet_jax.data.clips import CLEAR, OCCLUDED
from tracknet_jax.models.rectifier import InpaintNet, init_rectifier
from tracknet_jax.rectification.inpaint import to_unit
from tracknet_jax.rectification.trajectories import Trajectory, read_trajectories
from tracknet_jax.releases.release import RectifierRelease, save_release
from tracknet_jax.training.checkpoints import Checkpoints, warn_data_changed
from tracknet_jax.training.cluster.interrupts import StopRequest
from tracknet_jax.training.loop import Progress, Result, write_config
from tracknet_jax.training.optimizers import make_optimizer
from tracknet_jax.training.rectifier.rectifier_config import RectifierTrainConfig
from tracknet_jax.training.rectifier.rectifier_validation import accuracies
from tracknet_jax.training.reporting.display import TrainingDisplay
from tracknet_jax.training.reporting.metric_log import MetricLog
from tracknet_jax.training.state import TrainState, create_state
from tracknet_jax.utils.arrays import digest
from tracknet_jax.utils.errors import UserError


class TrajectoryArrays(NamedTuple):
    """All frames of the training clips, one clip after the other, in the network's units."""

    found: jax.Array  # (N, 2) in [0, 1], 0 where the tracker found nothing
    truth: jax.Array  # (N, 2) in [0, 1], 0 where the ball is not visible
    visible: jax.Array  # (N, 1) 1.0 where the ball is visible and located


def train_rectifier(config: RectifierTrainConfig, workdir: Path) -> Result:
    """Runs `config` in `workdir` to its end, from the newest checkpoint there if there is one.

    Writes `train_config.json`, `checkpoints/`, `metrics.jsonl`, `tensorboard/`, and the best weights so far as
    `release/`, for `--rectifier` and `load_rectifier`. Raises `UserError` for a config, trajectories or checkpoints
    that cannot be used.
    """
    config.check()
    if jax.process_count() > 1:
        raise UserError("a rectifier trains in one process: leave --distributed out")
    training = read_trajectories(Path(config.data.source), config.data.train_split)
    validation = read_trajectories(Path(config.data.source), config.data.val_split)
    starts = window_starts(training, config.model.length)
    epoch_steps = len(starts) // config.batch_size  # an incomplete last batch is left out
    if not epoch_steps:
        raise UserError(
            f"{config.data.source}: {len(starts)} training windows are no batch of {config.batch_size}"
        )
    first = _first_state(config)
    with Checkpoints(workdir, keep=2, metric=f"val/{config.metric}") as checkpoints:
        restored = checkpoints.restore(jax.eval_shape(lambda: first), config)
        write_config(config.to_dict(), workdir)
        state, progress = (
            (first, Progress()) if restored is None else (restored.state, Progress(**restored.progress))
        )
        arrays = load_arrays(training, config)
        data = digest({"starts": starts, **arrays._asdict()})
        if restored is not None:
            warn_data_changed(restored, data)
        state, arrays = jax.device_put((state, arrays), jax.devices()[0])  # one is plenty
        optimizer = make_optimizer(config.optimizer, config.epochs * epoch_steps)
        run_step = jax.jit(partial(rectifier_step, config=config, optimizer=optimizer), donate_argnums=0)
        with (
            MetricLog(workdir, int(state.step)) as metric_log,
            TrainingDisplay(int(state.step), config.epochs * epoch_steps, config.metric) as display,
            StopRequest() as stop,
        ):
            for epoch in range(int(state.step) // epoch_steps + 1, config.epochs + 1):
                order = np.random.default_rng((config.seed, epoch)).permutation(starts)
                losses = []
                for batch in order[: epoch_steps * config.batch_size].reshape(epoch_steps, -1):
                    state, loss = run_step(state, arrays, batch)
                    losses.append(loss)
                step = epoch * epoch_steps
                scores: dict[str, float] = {}
                if epoch % config.evaluate_every == 0 or epoch == config.epochs:
                    scores, progress = _evaluate(config, workdir, validation, state, step, progress)
                    display.evaluated(step, scores[f"val/{config.metric}"], progress.best_step == step)
                metric_log.scalars(step, {"loss": float(np.mean(jax.device_get(losses))), **scores})
                display.advance(step)
                if scores or stop.received:
                    checkpoints.save(state, config, progress._asdict(), scores or None, data)
                if stop.received:
                    break
            checkpoints.wait()  # in here, where another signal does not end it
        return Result(state, stop.received, progress)


def rectifier_step(
    state: TrainState,
    arrays: TrajectoryArrays,
    starts: jax.Array,
    *,
    config: RectifierTrainConfig,
    optimizer: optax.GradientTransformationExtraArgs,
) -> tuple[TrainState, jax.Array]:
    """The state after one step on the windows that begin at frames `starts` (B,), and the loss.

    A share `mask_ratio` of the frames with a visible ball is hidden from the network, which has to give the ball's
    positions in them:

        loss = mean over all elements of ((net(found (1 - m), m) - truth) m)^2      (TrackNetV3's code)
    """
    inside = starts[:, None] + jnp.arange(config.model.length)
    found, truth, visible = (part[inside] for part in arrays)
    key = jax.random.fold_in(state.key, state.step)
    mask = visible * jax.random.bernoulli(key, config.data.mask_ratio, visible.shape)
    model = InpaintNet(config.model)

    def loss_fn(params: Any) -> jax.Array:
        said = model.apply({"params": params}, found * (1 - mask), mask)
        return jnp.mean(((jnp.asarray(said) - truth) * mask) ** 2)

    loss, grads = jax.value_and_grad(loss_fn)(state.params)
    updates, opt_state = optimizer.update(grads, state.opt_state, state.params, step=state.step)
    params = optax.apply_updates(state.params, updates)
    return replace(state, step=state.step + 1, params=params, opt_state=opt_state), loss


def window_starts(trajectories: Sequence[Trajectory], length: int) -> np.ndarray:
    """First frames (W,) of all windows of `length` frames inside one clip, counted through all clips."""
    counts = [len(trajectory) for trajectory in trajectories]
    offsets = np.cumsum([0, *counts[:-1]])
    starts = [offset + np.arange(count - length + 1) for offset, count in zip(offsets, counts, strict=True)]
    return np.concatenate(starts).astype(np.int32)


def load_arrays(trajectories: Sequence[Trajectory], config: RectifierTrainConfig) -> TrajectoryArrays:
    """The clips' frames, joined."""
    parts = []
    for trajectory in trajectories:
        seen = (trajectory.visibility >= CLEAR) & (trajectory.visibility <= OCCLUDED)
        seen &= np.isfinite(trajectory.truth[:, 0])
        truth = to_unit(trajectory.truth, trajectory.size, config.model) * seen[:, None]
        found = to_unit(trajectory.track.xy, trajectory.size, config.model)
        parts.append((found, truth, seen[:, None].astype(np.float32)))
    return TrajectoryArrays(*(jnp.asarray(np.concatenate(column)) for column in zip(*parts, strict=True)))


def _first_state(config: RectifierTrainConfig) -> TrainState:
    key = jax.random.key(config.seed)
    return create_state(
        init_rectifier(config.model, key), make_optimizer(config.optimizer), key, averaged=False
    )


def _evaluate(
    config: RectifierTrainConfig,
    workdir: Path,
    validation: Sequence[Trajectory],
    state: TrainState,
    step: int,
    progress: Progress,
) -> tuple[dict[str, float], Progress]:
    """Validation accuracies, by their names in the metric log; the best weights so far become the release."""
    variables = {"params": jax.tree.map(np.asarray, state.params)}
    release = RectifierRelease(InpaintNet(config.model), variables, config.model)
    scores = {f"val/{mode}": counts.accuracy for mode, counts in accuracies(release, validation).items()}
    progress = progress.after(step, scores[f"val/{config.metric}"])
    if progress.best_step == step:
        listed = ", ".join(f"{name} {score:.4f}" for name, score in scores.items())
        card = f"# {config.model.name}\n\nTrained by `tracknet train`, step {step}; validation accuracy: {listed}.\n"
        save_release(workdir / "release", config.model, variables, card)
    return scores, progress
