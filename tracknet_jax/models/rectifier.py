"""The rectifier of TrackNetV3 (paper, section 3.3): a 1-D U-Net that fills the gaps of a trajectory, and its config."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from tracknet_jax.models.blocks import symmetric_uniform, torch_uniform
from tracknet_jax.utils.errors import UserError


@dataclass(frozen=True)
class RectifierConfig:
    """A rectifier as data.

    Attributes:
        length: frames of a window.
        width, height: of the image in whose pixels positions are given; the network sees them divided by these.
        widths: channels of each level; the last level is the bottleneck.
    """

    name: str
    paper: str = ""
    length: int = 16
    width: int = 512
    height: int = 288
    widths: tuple[int, ...] = (32, 64, 128, 256)

    def __post_init__(self) -> None:
        if min(self.length, self.width, self.height, *self.widths, len(self.widths) - 1) < 1:
            raise UserError(
                f"rectifier {self.name!r}: length, size and widths must be 1 or more, and widths needs two levels"
            )

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RectifierConfig":
        """The inverse of `to_dict`; raises `UserError` for a field this version does not know."""
        unknown = sorted(set(values) - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise UserError(f"rectifier config: unknown field {unknown[0]!r}")
        return cls(**{**values, "widths": tuple(values.get("widths", cls.widths))})


INPAINTNET = RectifierConfig(name="inpaintnet", paper="TrackNetV3, 2023, rectification")

RECTIFIERS: dict[str, RectifierConfig] = {config.name: config for config in (INPAINTNET,)}


class InpaintNet(nn.Module):
    """`(N, L, 2)` coordinates in [0, 1] and `(N, L, 1)` mask, 1 where to fill, `-> (N, L, 2)` in [0, 1]. Any L.

    A U-Net without pooling: each output sees 9 frames on either side. Masked frames should have coordinates 0.
    The caller keeps the known positions and takes the masked ones from the output.
    """

    config: RectifierConfig

    @nn.compact
    def __call__(self, coordinates: jax.Array, mask: jax.Array) -> jax.Array:
        *levels, bottleneck = enumerate(self.config.widths)
        x = jnp.concatenate([coordinates, mask], axis=-1)
        skips = []
        for level, features in levels:
            x = temporal_block(x, features, f"down{level}")
            skips.append(x)
        for i in range(2):
            x = temporal_block(x, bottleneck[1], f"bottleneck_{i}")
        for level, features in reversed(levels):
            x = temporal_block(jnp.concatenate([x, skips[level]], axis=-1), features, f"up{level}")
        return nn.sigmoid(conv(x, 2, "head"))


def temporal_block(x: jax.Array, features: int, name: str) -> jax.Array:
    """Convolution over three frames and LeakyReLU(0.01)."""
    return nn.leaky_relu(conv(x, features, name), negative_slope=0.01)


def conv(x: jax.Array, features: int, name: str) -> jax.Array:
    """Same-padded convolution over three frames with torch's initialisation, `(N, L, C) -> (N, L, features)`.

    Full float32 on accelerators too: their shorter products move a position by a pixel.
    """
    return nn.Conv(
        features,
        (3,),
        kernel_init=torch_uniform,
        bias_init=symmetric_uniform((3 * x.shape[-1]) ** -0.5),
        precision=jax.lax.Precision.HIGHEST,
        name=name,
    )(x)


def init_rectifier(config: RectifierConfig, key: jax.Array) -> dict[str, Any]:
    """Freshly initialised `{"params"}` of `config`."""
    coordinates, mask = jnp.zeros((1, config.length, 2)), jnp.zeros((1, config.length, 1))
    return jax.jit(InpaintNet(config).init)(key, coordinates, mask)
