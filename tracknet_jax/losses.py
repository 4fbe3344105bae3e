"""The losses of the family, from logits."""

import jax
import jax.numpy as jnp


def weighted_bce(logits: jax.Array, targets: jax.Array, mask: jax.Array | None = None) -> jax.Array:
    """WBCE (TrackNetV2; V5 paper eq. 6), a scalar.

    -mean[(1 - p)^2 y log p + p^2 (1 - y) log(1 - p)], p = sigmoid(logits), with gradients through the weights.
    Written with log-sigmoids it is exact and has a gradient at every logit, where the references' clipped form
    loses it beyond p = 1 - 1e-7. `logits`, `targets`: `(B, L, H, W)`; `mask` `(B, L)`: 1 where the frame counts
    (its ball is located, or labelled absent). The mean is over the pixels of counted frames.
    """
    per_pixel = weighted_bce_map(logits, targets)
    if mask is None:
        return per_pixel.mean()
    per_frame = per_pixel.mean(axis=(-2, -1)) * mask
    return per_frame.sum() / jnp.maximum(mask.sum(), 1.0)


def weighted_bce_map(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """The summand of `weighted_bce` at every element, float32."""
    logits = logits.astype(jnp.float32)
    p, q = jax.nn.sigmoid(logits), jax.nn.sigmoid(-logits)
    log_p, log_q = jax.nn.log_sigmoid(logits), jax.nn.log_sigmoid(-logits)
    return -(jnp.square(q) * targets * log_p + jnp.square(p) * (1.0 - targets) * log_q)
