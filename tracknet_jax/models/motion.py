"""Motion cues from frame differences: V4's motion prompt and V5's motion direction decoupling (MDD).

Both turn luminance differences of neighbouring frames into attention maps in [0, 1] with the same power
normalisation of two learnable scalars; V4 looks at |d|, V5 at brightening and darkening apart.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

BT601 = (0.299, 0.587, 0.114)  # luminance of R, G, B


def luminance_differences(frames: jax.Array) -> jax.Array:
    """D_t = Y_{t+1} - Y_t of frames `(B, L, H, W, 3)` in [0, 1]: `(B, L-1, H, W)` in [-1, 1], float32."""
    red, green, blue = BT601
    luminance = red * frames[..., 0] + green * frames[..., 1] + blue * frames[..., 2]
    return (luminance[:, 1:] - luminance[:, :-1]).astype(jnp.float32)


def polarity(differences: jax.Array, axis: int = 2) -> jax.Array:
    """P+ = max(D, 0) and P- = max(-D, 0), V5 paper eq. 1: `(B, L-1, H, W) -> (B, L-1, 2, H, W)`.

    Index 0 of the new axis is brightening (arrival), 1 darkening (departure).
    """
    return jnp.stack([nn.relu(differences), nn.relu(-differences)], axis)


def power_normalisation(x: jax.Array, alpha: jax.Array, beta: jax.Array, eps: float) -> jax.Array:
    """A = 1 / (1 + exp(-k (|x| - m))), k = 5 / (0.45 |tanh alpha| + eps), m = 0.6 tanh beta.

    V5 paper, eqs. 2 and 3; V4 has the same form. `sigmoid` is used because the gradients of alpha and beta are
    NaN for k m > 88 when it is written with exp.
    """
    k = 5.0 / (0.45 * jnp.abs(jnp.tanh(alpha)) + eps)
    m = 0.6 * jnp.tanh(beta)
    return jax.nn.sigmoid(k * (jnp.abs(x) - m))


class MotionAttention(nn.Module):
    """A = PN(x) with alpha and beta learnt: attention maps of the shape of x.

    V4's motion prompt is PN(D) (V4 paper, section III), V5's MDD is PN(`polarity(D)`).
    """

    alpha: float  # initial value
    beta: float  # initial value
    eps: float = 1e-6

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        alpha = self.param("alpha", nn.initializers.constant(self.alpha), ())
        beta = self.param("beta", nn.initializers.constant(self.beta), ())
        return power_normalisation(x, alpha, beta, self.eps)


def interleave(frames: jax.Array, attention: jax.Array) -> jax.Array:
    """X_in = Concat(I_0, A_01, I_1, A_12, I_2, ...), V5 paper eq. 4: `(B, H, W, 3 L + 2 (L - 1))`.

    `frames` is `(B, L, H, W, 3)`, `attention` `(B, L-1, 2, H, W)`.
    """
    maps = jnp.moveaxis(attention, 2, -1).astype(frames.dtype)  # (B, L-1, H, W, 2)
    parts = [frames[:, 0]]
    for t in range(maps.shape[1]):
        parts += [maps[:, t], frames[:, t + 1]]
    return jnp.concatenate(parts, axis=-1)


def fuse(logits: jax.Array, maps: jax.Array, fusion: str) -> jax.Array:
    """Gates logits V `(B, L, H, W)` with motion maps A `(B, L-1, H, W)`, elementwise.

    `eq4` (V4 paper eq. 4, and V5's gate): [V_0, A_0 V_1, ..., A_{L-2} V_{L-1}]. `mean` (V4's version 2): every
    V by the mean map. `type_b` (V4's code): each V by the mean of the one or two maps next to its frame.
    """
    if fusion == "eq4":
        gate = jnp.concatenate([jnp.ones_like(maps[:, :1]), maps], axis=1)
    elif fusion == "mean":
        gate = maps.mean(axis=1, keepdims=True)
    elif fusion == "type_b":
        between = 0.5 * (maps[:, :-1] + maps[:, 1:])
        gate = jnp.concatenate([maps[:, :1], between, maps[:, -1:]], axis=1)
    else:
        raise ValueError(f"fusion is {fusion!r}: choose eq4, mean or type_b")
    return logits * gate
