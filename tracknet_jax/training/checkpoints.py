"""Checkpoints of a run: written in the background, whole or not at all; the latest and the best are kept.

`<workdir>/checkpoints/<step>/` is an Orbax checkpoint. Its item `state` is the train state, its item `metrics` the
validation scores of that step. Its metadata holds the resolved config, the run's progress, and digests of the data
and of the state's parts. No position in the data is saved: the windows of a step follow from its number. A folder
alone is enough to resume, evaluate or track.
"""

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any, NamedTuple

import jax
from orbax.checkpoint import v1 as ocp

from tracknet_jax.releases.runs import FOLDER, ITEM, check_restored, run_metadata
from tracknet_jax.training.cluster.mesh import replicated
from tracknet_jax.training.cluster.processes import is_first, wait_for_all
from tracknet_jax.training.rectifier.rectifier_config import RectifierTrainConfig
from tracknet_jax.training.state import TrainState
from tracknet_jax.training.train_config import TrainConfig, flatten
from tracknet_jax.utils.arrays import digest
from tracknet_jax.utils.errors import UserError, first_line

log = logging.getLogger(__name__)

RunConfig = TrainConfig | RectifierTrainConfig

WRITE_ERRORS = (OSError, ValueError)  # of a full disk: from Python, and from Orbax's storage layer

# These and all of `model` must not change in a run: its arrays depend on them, or what it learns.
FIXED = ("optimizer.name", "optimizer.decay_all", "seed", "distill.digest")


class Restored(NamedTuple):
    """What a resumed run starts from."""

    state: TrainState
    progress: dict[str, Any]  # of the loop
    data: str | None  # digest of the training data; checkpoints of early versions have none


class Checkpoints:
    """The checkpoints of one working directory. A context manager: leaving it waits for pending writes."""

    def __init__(self, workdir: Path, keep: int, metric: str):
        self._root = workdir / FOLDER
        policies = ocp.training.preservation_policies
        best = policies.BestN(
            get_metric_fn=lambda metrics: metrics[metric], n=1, keep_checkpoints_without_metrics=False
        )
        try:
            self._checkpointer = ocp.training.Checkpointer(
                self._root.absolute(),
                preservation_policy=policies.AnyPreservationPolicy([policies.LatestN(keep), best]),
                cleanup_tmp_directories=True,
            )
        except OSError as error:
            raise UserError(f"{workdir}: cannot be written ({error.strerror or error})") from error

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            self._checkpointer.close()
        except WRITE_ERRORS as error:
            if kind is None:  # otherwise another error is being raised, and comes first
                raise self._not_written(error) from error

    def wait(self) -> None:
        """Returns when all that was saved is on the disk; raises `UserError` if it cannot be written."""
        try:
            self._checkpointer.wait()
        except WRITE_ERRORS as error:
            raise self._not_written(error) from error

    def _not_written(self, error: Exception) -> UserError:
        what, again = "a checkpoint cannot be written", "start the same command again"
        if jax.process_count() > 1:  # a lost process raises the same type of error
            what, again = f"{what}, or another process was lost", "start all of them again"
        return UserError(
            f"{self._root}: {what}; {again} when there is room; the earlier ones are whole ({first_line(error)})"
        )

    def save(
        self,
        state: TrainState,
        config: RunConfig,
        progress: dict[str, Any],
        metrics: dict[str, float] | None = None,
        data: str | None = None,
    ) -> None:
        """Starts writing the (replicated) state and returns; the arrays may be donated afterwards.

        Raises `UserError` if this checkpoint or the one before cannot be written.
        """
        tree = _to_tree(state)
        digests = {name: digest(part) for name, part in tree.items()}
        run = {"config": config.to_dict(), "progress": progress, "data": data, "digests": digests}
        try:
            self._checkpointer.save_checkpointables_async(
                int(state.step), {ITEM: tree}, force=True, metrics=metrics, custom_metadata=run
            )
        except WRITE_ERRORS as error:
            raise self._not_written(error) from error

    def newest(self) -> Path | None:
        """The folder of the newest checkpoint that is wholly written; None if there is none."""
        newest = self._checkpointer.latest
        return None if newest is None else self._root / str(newest.step)

    def restore(self, abstract: TrainState, config: RunConfig) -> Restored | None:
        """The newest good checkpoint as a replicated state of the shape of `abstract`; None if there is none at all.

        A checkpoint that cannot be read, is not finite or not as it was saved is moved aside with a warning, and the
        one before it is taken. Raises `UserError` if none is good, or if `config` cannot continue the run.
        """
        whole = replicated()
        wanted = jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=whole), _to_tree(abstract)
        )
        broken, reason = [], ""
        for step in reversed([c.step for c in self._checkpointer.checkpoints]):
            path = self._root / str(step)
            try:
                run = run_metadata(path)
                check_same_run(run["config"], config, path)
                tree = self._checkpointer.load_checkpointables(step, {ITEM: wanted})[ITEM]
                check_restored(tree, run)
            except UserError:
                raise
            except Exception as error:  # whatever a damaged file makes the libraries raise
                reason = first_line(error)
                log.warning("checkpoint %s cannot be read (%s): trying the one before", path, reason)
                broken.append(path)
                continue
            self._move_aside(broken)
            return Restored(TrainState(**tree), run["progress"], run.get("data"))
        if broken:
            raise UserError(
                f"{self._root}: no checkpoint can be read ({reason}); delete the folder to start again"
            )
        return None

    def _move_aside(self, broken: list[Path]) -> None:
        for path in broken if is_first() else ():
            path.rename(path.with_name(f"unreadable_{path.name}"))
        if broken:
            wait_for_all("unreadable checkpoints moved")
            self._checkpointer.reload()


def check_same_run(saved: dict[str, Any], config: RunConfig, path: Path) -> None:
    """Raises `UserError` if `config` cannot continue the run whose config is `saved`; warns of other changes.

    A field that only one of the two has is no difference: the program has changed since.
    """
    before, now = flatten(saved), flatten(json.loads(json.dumps(config.to_dict())))
    changed = [name for name in before.keys() & now.keys() if before[name] != now[name]]
    fixed = [name for name in changed if name.startswith("model.") or name in FIXED]
    if (before.get("ema_decay", 0) == 0) != (now.get("ema_decay", 0) == 0):
        fixed.append("ema_decay")
    if fixed:
        name = min(fixed)
        raise UserError(
            f"{path}: the run here has {name} = {before[name]}, the config now {now[name]}; "
            "set it back, or give another --workdir"
        )
    for name in sorted(changed):
        log.warning("%s was %s, the run goes on with %s", name, before[name], now[name])


def warn_data_changed(restored: Restored, data: str) -> None:
    """Warns if a run goes on with other data, or draws other windows of them, than before `restored`."""
    if restored.data not in (None, data):
        log.warning(
            "data: clips, labels, weights of sports or the way of drawing windows (new since 0.4.0) are not those of "
            "step %d, the run goes on with what is there now; bring the earlier ones back and start again for the "
            "run that was begun",
            int(restored.state.step),
        )


def _to_tree(state: TrainState) -> dict[str, Any]:
    return {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
