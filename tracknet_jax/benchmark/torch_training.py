"""The training step of the same network by PyTorch: forward, loss, backward, clipping, AdamW."""

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from flax.traverse_util import flatten_dict

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.steps import first_step, labelled_windows, recipe
from tracknet_jax.benchmark.torch_network import Weights, cast, logits, torch_weights
from tracknet_jax.benchmark.torch_runtime import Started, compile_seconds, compiled, prepared_device
from tracknet_jax.benchmark.workload import Work, Workload
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.releases.release import Release
from tracknet_jax.training.targets import with_targets
from tracknet_jax.training.train_config import OptimizerConfig, TrainConfig

if TYPE_CHECKING:
    import torch

TorchBatch = dict[str, "torch.Tensor"]


def torch_training(case: Case, release: Release) -> Workload:
    """As `steps.training`, on ready targets; no average of the weights, and nothing asks for finite numbers."""
    device, compiles = prepared_device(), case.variant == "torch_compile"

    def trainer(config: TrainConfig) -> Trainer:
        batch = labelled_windows(config.model, config.batch_size)
        return Trainer(config, release.variables, batch, device, compiles)

    timed = trainer(recipe(release.config, case.batch))

    def call() -> Started:
        loss = timed.backward()
        timed.update()
        return Started(loss)

    def compared() -> np.ndarray:
        first = trainer(first_step(release.config))
        return np.log([first.backward().item(), first.update().item()])

    frames = case.batch * release.config.frames
    return Workload(call, Work(case.batch, frames, 3, compile_seconds(case, call)), compared)


class Trainer:
    """Weights, the optimizer's state and a batch on the device, and the two halves of a step on them."""

    def __init__(
        self,
        config: TrainConfig,
        variables: dict[str, Any],
        batch: dict[str, Any],
        device: str,
        compiles: bool,
    ):
        self.weights = torch_weights(variables, device)
        self.parameters = {
            path: self.weights[path].requires_grad_() for path in flatten_dict(variables["params"], sep="/")
        }
        self._optimizer = make_adamw(self.parameters, config.optimizer)
        self._largest_norm = config.optimizer.clip_norm or math.inf
        self._batch = torch_batch(batch, config, device)
        loss: Any = partial(batch_loss, config.model)
        self._loss = compiled(loss, device) if compiles else loss

    def backward(self) -> "torch.Tensor":
        """The batch's loss (); the gradients are then the parameters' `grad`, the running statistics new."""
        self._optimizer.zero_grad()
        loss = self._loss(self.weights, self._batch)
        loss.backward()
        return loss.detach()

    def update(self) -> "torch.Tensor":
        """Clips the gradients and changes the parameters; gives the gradients' norm before () back."""
        from torch.nn.utils import clip_grad_norm_

        norm = clip_grad_norm_(self.parameters.values(), self._largest_norm)
        self._optimizer.step()
        return norm


def make_adamw(parameters: Weights, config: OptimizerConfig) -> "torch.optim.AdamW":
    """`training.optimizers.make_optimizer`'s AdamW at a constant rate: norms, biases and scalars do not decay."""
    import torch

    decaying = {path for path in parameters if config.decay_all or path.endswith("/kernel")}
    groups = [
        {"params": [x for path, x in parameters.items() if path in decaying]},
        {"params": [x for path, x in parameters.items() if path not in decaying], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, config.lr, config.betas, config.eps, config.weight_decay, fused=True)


def torch_batch(batch: dict[str, Any], config: TrainConfig, device: str) -> TorchBatch:
    """Frames, targets and mask of a labelled batch, of classes their ids as torch wants them."""
    import torch

    arrays = with_targets(batch, config)
    found = {name: torch.from_numpy(np.array(arrays[name])) for name in ("frames", "targets", "mask")}
    if config.model.head == "classes":
        found["targets"] = found["targets"].long()
    return {name: x.to(device) for name, x in found.items()}


def batch_loss(config: TrackNetConfig, weights: Weights, batch: TorchBatch) -> "torch.Tensor":
    """`training.gradients.batch_loss` of the network in train mode, activations in the config's dtype: ()."""
    from torch.nn.functional import cross_entropy

    found = logits(config, cast(weights, config.dtype), batch["frames"], train=True)
    if config.head == "classes":
        per_pixel = cross_entropy(found, batch["targets"][:, 0], reduction="none")[:, None]
    else:
        per_pixel = weighted_bce_map(found, batch["targets"])
    mask = batch["mask"]
    return (per_pixel.mean((-2, -1)) * mask).sum() / mask.sum().clamp(min=1)


def weighted_bce_map(logits: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """`losses.weighted_bce_map`, exact at every logit; differentiated by torch."""
    from torch.nn.functional import logsigmoid

    p, q = logits.sigmoid(), (-logits).sigmoid()
    return -(q**2 * targets * logsigmoid(logits) + p**2 * (1 - targets) * logsigmoid(-logits))
