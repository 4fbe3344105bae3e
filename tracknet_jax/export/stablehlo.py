"""A network and its weights as one portable StableHLO program."""

import jax
from jax import export
from jax.stages import Wrapped

from tracknet_jax.heatmaps import probability_maps
from tracknet_jax.releases import Release

PLATFORMS = ("cpu", "cuda", "tpu")


def maps_function(release: Release) -> Wrapped:
    """Compiled, from the images to maps `(B, L_out, H, W)` in [0, 1].

    The images are frames `(B, L, H, W, 3)` uint8 and, where there is one, the background `(B, H, W, 3)` uint8.
    """

    def maps(*images: jax.Array) -> jax.Array:
        output = release.model.apply(release.variables, *images)
        return probability_maps(output.logits, release.config.head)  # type: ignore[union-attr]

    return jax.jit(maps)


def stablehlo_program(release: Release) -> bytearray:
    """The program as `jax.export` stores it: weights inside, batch size left open, for all of `PLATFORMS`."""
    config = release.config
    (batch,) = export.symbolic_shape("batch")
    image = (config.height, config.width, 3)
    inputs = [jax.ShapeDtypeStruct((batch, config.frames, *image), "uint8")]
    if config.background != "none":
        inputs.append(jax.ShapeDtypeStruct((batch, *image), "uint8"))
    return export.export(maps_function(release), platforms=PLATFORMS)(*inputs).serialize()
