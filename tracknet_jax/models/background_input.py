"""V3's background input: how an estimated background image joins the frames as channels."""

import jax
import jax.numpy as jnp


def stack_with_background(frames: jax.Array, background: jax.Array, mode: str) -> jax.Array:
    """Input channels of frames `(B, L, H, W, 3)` and background `(B, H, W, 3)`, both in [0, 1].

    `concat`: background RGB, then the frames, `(B, H, W, 3 (L + 1))`. `subtract`: d_t = sum over RGB of
    |frame - background|, saturated at 1, `(B, H, W, L)`. `subtract_concat`: f_0 RGB, d_0, f_1 RGB, d_1, ...
    """
    if mode == "concat":
        return merge_time(jnp.concatenate([background[:, None], frames], axis=1))
    difference = jnp.abs(frames - background[:, None]).sum(-1, keepdims=True).clip(0.0, 1.0)
    if mode == "subtract":
        return merge_time(difference)
    if mode == "subtract_concat":
        return merge_time(jnp.concatenate([frames, difference], axis=-1))
    raise ValueError(f"background mode is {mode!r}: choose concat, subtract or subtract_concat")


def merge_time(x: jax.Array) -> jax.Array:
    """Time into channels, frame-major: `(B, L, H, W, C) -> (B, H, W, L C)`."""
    b, t, h, w, c = x.shape
    return jnp.moveaxis(x, 1, 3).reshape(b, h, w, t * c)
