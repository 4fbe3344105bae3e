"""The losses of the family, from logits."""

from typing import Any

import jax
import jax.numpy as jnp
import optax


def weighted_bce(
    logits: jax.Array, targets: jax.Array, mask: jax.Array | None = None, count: jax.Array | None = None
) -> jax.Array:
    """WBCE (TrackNetV2; V5 paper eq. 6), a scalar.

    -mean[(1 - p)^2 y log p + p^2 (1 - y) log(1 - p)], p = sigmoid(logits), with gradients through the weights.
    Written with log-sigmoids it is exact and has a gradient at every logit, where the references' clipped form
    loses it beyond p = 1 - 1e-7. `logits`, `targets`: `(B, L, H, W)`; `mask` `(B, L)`: 1 where the frame counts
    (its ball is located, or labelled absent). The mean is over the pixels of counted frames; `count` (): divide by
    that many frames instead, for a part of a batch.
    """
    return _mean_of_counted(weighted_bce_map(logits, targets), mask, count)


def soft_weighted_bce_map(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """-(t - p)^2 [t log p + (1 - t) log(1 - p)] of targets t in [0, 1] at every element, float32; p = sigmoid(logits).

    Of t = 0 and t = 1 it is the summand of `weighted_bce`. Between them that one is least at another p than t, this
    one, Quality Focal Loss (Li et al., 2020, eq. 3) with beta 2, at p = t, where it is 0.
    """
    z = logits.astype(jnp.float32)
    cross_entropy = jax.nn.softplus(z) - targets * z
    return jnp.square(targets - jax.nn.sigmoid(z)) * cross_entropy


def class_cross_entropy(
    logits: jax.Array, classes: jax.Array, mask: jax.Array | None = None, count: jax.Array | None = None
) -> jax.Array:
    """Mean of -log softmax(logits)[class] over pixels (TrackNet V1), a scalar.

    `logits`: `(B, H, W, C)`; `classes`: `(B, H, W)` ids 0 ... C - 1; `mask` `(B,)` and `count` as in `weighted_bce`.
    The backward pass computes it again from the logits: 256 classes of 640x360 pixels are 236 MB a window, which
    automatic differentiation would keep several times over.
    """
    of_pixels = jax.checkpoint(optax.softmax_cross_entropy_with_integer_labels)
    return _mean_of_counted(of_pixels(logits.astype(jnp.float32), classes), mask, count)


def distillation_loss(
    logits: jax.Array, targets: jax.Array, mask: jax.Array, teacher: jax.Array, weight: float
) -> jax.Array:
    """Loss of a student of labels and of a teacher's maps: the mean over all frames and their pixels, a scalar.

        labelled:  (1 - weight) WBCE(p, y) + weight S(p, t)        not labelled:  S(p, t)

    p are the student's probabilities, y the targets of the labels (WBCE: `weighted_bce`) and t the teacher's
    probabilities (S: `soft_weighted_bce_map`, WBCE for targets between 0 and 1). There is no temperature: the maps
    keep their meaning, and the student the teacher's threshold. `logits`, `targets`, `teacher`: `(B, L, H, W)`;
    `mask` `(B, L)`: 1 where the label can be used.
    """
    of_labels, of_teacher = (
        summands.mean(axis=(-2, -1))
        for summands in (weighted_bce_map(logits, targets), soft_weighted_bce_map(logits, teacher))
    )
    share = 1.0 - (1.0 - weight) * mask
    return ((1.0 - share) * of_labels + share * of_teacher).mean()


def temporal_variation(attention: jax.Array) -> jax.Array:
    """Mean of (A_{t+1} - A_t)^2 of motion maps `(B, T - 1, ..., H, W)` of T frames, a scalar.

    The V4 code's sum over (H W (T - 2) B), without its factor lambda; of V5's maps both polarities count.
    """
    return jnp.square(jnp.diff(attention, axis=1)).mean()


def _mean_of_counted(per_pixel: jax.Array, mask: jax.Array | None, count: jax.Array | None) -> jax.Array:
    """The sum over maps `(..., H, W)` where `mask (...)` is 1 of their means, divided by `count` or their number."""
    if mask is None:
        return per_pixel.mean()
    frames = mask.sum() if count is None else count
    return (per_pixel.mean(axis=(-2, -1)) * mask).sum() / jnp.maximum(frames, 1e-6)


@jax.custom_jvp
def weighted_bce_map(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """The summand of `weighted_bce` at every element, float32; differentiable in the logits."""
    return _value_and_slope(logits, targets)[0]


@weighted_bce_map.defjvp
def _weighted_bce_map_jvp(primals: tuple[jax.Array, ...], tangents: tuple[jax.Array, ...]) -> tuple[Any, Any]:
    value, slope = _value_and_slope(*primals)
    return value, slope * tangents[0]


def _value_and_slope(logits: jax.Array, targets: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Loss and its derivative in the logit z, from one exponential and one logarithm an element.

    With p = sigmoid(z), q = 1 - p:  L = q^2 y (-log p) + p^2 (1 - y) (-log q), and as dp/dz = p q,
    dL/dz = -y (2 p q^2 (-log p) + q^3) + (1 - y) (2 p^2 q (-log q) + p^3).
    """
    z = logits.astype(jnp.float32)
    decay = jnp.exp(-jnp.abs(z))
    larger = 1.0 / (1.0 + decay)  # of p and q
    smaller = decay * larger
    p, q = jnp.where(z >= 0, larger, smaller), jnp.where(z >= 0, smaller, larger)
    soft = jnp.log1p(decay)
    minus_log_p, minus_log_q = soft + jnp.maximum(-z, 0.0), soft + jnp.maximum(z, 0.0)
    positive, negative = targets, 1.0 - targets
    value = q**2 * positive * minus_log_p + p**2 * negative * minus_log_q
    slope = -positive * (2 * p * q**2 * minus_log_p + q**3) + negative * (2 * p**2 * q * minus_log_q + p**3)
    return value, slope
