"""A network and its weights as one portable StableHLO program."""

from typing import Any

import jax
from jax import export
from jax.stages import Wrapped

from tracknet_jax.heatmaps.decoding import probability_maps
from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.models.tracknet import TrackNet
from tracknet_jax.releases.release import Release

PLATFORMS = ("cpu", "cuda", "tpu")


def maps_function(release: Release) -> Wrapped:
    """The jitted function from images to maps `(B, L_out, H, W)` in [0, 1], with plain convolutions.

    The images are frames `(B, L, H, W, 3)` uint8 and, if the network takes one, the background `(B, H, W, 3)` uint8.
    """
    model = TrackNet(release.config)

    def maps(*images: jax.Array) -> jax.Array:
        output = model.apply(release.variables, *images)
        return probability_maps(output.logits, release.config.head)  # type: ignore[union-attr]

    return jax.jit(maps)


def image_shapes(config: TrackNetConfig, batch: Any) -> dict[str, tuple[Any, ...]]:
    """The shapes of the network's inputs, by name and in order; `batch` may be a symbol."""
    image = (config.height, config.width, 3)
    shapes: dict[str, tuple[Any, ...]] = {"frames": (batch, config.frames, *image)}
    if config.background != "none":
        shapes["background"] = (batch, *image)
    return shapes


def stablehlo_program(release: Release) -> bytearray:
    """The program as `jax.export` stores it: with its weights, for any batch size and all of `PLATFORMS`."""
    (batch,) = export.symbolic_shape("batch")
    shapes = image_shapes(release.config, batch).values()
    inputs = [jax.ShapeDtypeStruct(shape, "uint8") for shape in shapes]
    return export.export(maps_function(release), platforms=PLATFORMS)(*inputs).serialize()
