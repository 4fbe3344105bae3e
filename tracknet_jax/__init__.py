"""TrackNet in JAX: `load` a release, `track` the ball in a video, `rectify` its track. All arrive on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tracknet_jax.utils.version import __version__

if TYPE_CHECKING:
    from tracknet_jax.rectification.rectify import rectify
    from tracknet_jax.releases.release import load_release as load
    from tracknet_jax.tracking.videos import track

__all__ = ["__version__", "load", "rectify", "track"]

_LAZY = {
    "load": ("tracknet_jax.releases.release", "load_release"),
    "rectify": ("tracknet_jax.rectification.rectify", "rectify"),
    "track": ("tracknet_jax.tracking.videos", "track"),
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for (PEP 562): `import tracknet_jax` alone is instant."""
    if name not in _LAZY:
        raise AttributeError(f"module 'tracknet_jax' has no attribute {name!r}")
    module, attribute = _LAZY[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
