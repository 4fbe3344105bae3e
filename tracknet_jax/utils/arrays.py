"""What can be said of the arrays of a pytree: whether they are finite, and whether they are the ones of before."""

import hashlib
from typing import Any

import jax
import numpy as np


def digest(tree: Any) -> str:
    """16 hexadecimal digits of the arrays of `tree` and their names: other arrays have other digits."""
    sha = hashlib.sha256()
    for path, x in jax.tree_util.tree_leaves_with_path(tree):
        sha.update(jax.tree_util.keystr(path).encode())
        sha.update(np.ascontiguousarray(_plain(x)).tobytes())
    return sha.hexdigest()[:16]


def not_finite(tree: Any) -> str | None:
    """The name of the first array of `tree` with an infinite or NaN value, `params/head/bias`; None without one."""
    for path, x in jax.tree_util.tree_leaves_with_path(tree):
        if not np.isfinite(_plain(x)).all():
            return jax.tree_util.keystr(path, simple=True, separator="/")
    return None


def _plain(x: Any) -> np.ndarray:
    """`x` as a NumPy array, the words of a typed PRNG key too."""
    is_key = isinstance(x, jax.Array) and jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(x) if is_key else x)
