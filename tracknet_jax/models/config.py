"""`TrackNetConfig`: one frozen dataclass describes every member of the TrackNet family."""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, get_args, get_origin, get_type_hints

from tracknet_jax.utils.errors import UserError

# The attention U-Net exists in this form only.
ATTENTION_UNET = {"skips": "concat", "upsample": "nearest", "concat": "up_skip", "stem": 3}


@dataclass(frozen=True)
class TrackNetConfig:
    """A network as data: each field is one axis on which papers and reference codes differ.

    Raises `UserError` on construction when a value is not allowed, or when two values exclude each other.
    """

    name: str
    paper: str = ""

    # Input and output
    frames: int = 3  # window length L
    outputs: int = 3  # L: one map a frame; 1: the map of the last frame only
    height: int = 288
    width: int = 512
    head: Literal["sigmoid", "classes"] = "sigmoid"  # maps, or V1's 256 grey levels a pixel
    background: Literal["none", "concat", "subtract", "subtract_concat"] = "none"  # V3
    input_norm: Literal["unit", "imagenet"] = "unit"  # [0, 1], or (x - mean) / std of ImageNet

    # Encoder-decoder: channels and number of convolutions of each level; the last level is the bottleneck
    trunk: Literal["unet", "attention_unet"] = "unet"
    widths: tuple[int, ...] = (64, 128, 256, 512)
    depths: tuple[int, ...] = (2, 2, 3, 3)
    skips: Literal["concat", "add", "none"] = "concat"
    space_to_depth: int = 1  # side of the pixel blocks folded into channels before the first convolution
    stem: int = 3  # side of the first convolution's kernel
    block_order: Literal["conv_relu_bn", "conv_bn_relu"] = "conv_relu_bn"
    conv_bias: bool = False
    head_bias: bool = False
    head_bias_init: float | None = None  # None: as the other biases; -3 starts with empty maps, p = 0.05
    bn_axis: Literal["channel", "width"] = "channel"  # "width": only to import the released Keras weights
    bn_eps: float = 1e-5
    bn_decay: float = 0.9
    upsample: Literal["nearest", "bilinear"] = "bilinear"  # bilinear with aligned corners
    concat: Literal["up_skip", "skip_up"] = "up_skip"
    kernel_init: Literal["torch", "uniform"] = "torch"  # U(+-1/sqrt(fan_in)), or Keras V1-V4's U(-0.05, 0.05)

    # Motion: V4's prompt gates the logits; V5's MDD feeds the encoder too
    motion: Literal["none", "prompt", "mdd"] = "none"
    motion_input: bool = True  # False: MDD's maps only gate, the encoder sees the frames alone
    fusion: Literal["none", "eq4", "mean", "type_b"] = "none"
    motion_alpha: float = 0.2
    motion_beta: float = 0.15
    motion_eps: float = 1e-6
    motion_scale: float = 1.0  # 0.225 in the official V4 code, which un-normalises frames never normalised

    # Refinement: V5's R-STR
    refinement: Literal["none", "rstr"] = "none"
    attention: Literal["alternating", "divided", "joint"] = "alternating"
    patch: int = 16
    embed_dim: int = 256
    layers: int = 4
    heads: int = 2
    mlp_dim: int = 1024
    dropout: float = 0.1  # inside the transformer
    context_masking: float = 0.1  # dropout on the draft (stochastic context masking)

    dtype: Literal["float32", "bfloat16"] = "float32"  # of the activations; parameters stay float32

    def __post_init__(self) -> None:
        problem = next(chain(self._out_of_range(), self._contradictions()), None)
        if problem:
            raise UserError(f"model {self.name!r}: {problem}")

    def _out_of_range(self) -> Iterator[str]:
        """Yields one sentence for each value that is out of its range."""
        for name, hint in get_type_hints(type(self)).items():
            value = getattr(self, name)
            if get_origin(hint) is Literal and value not in get_args(hint):
                yield f"{name} is {value!r}, choose from {', '.join(map(str, get_args(hint)))}"
            if hint in (int, tuple[int, ...]):
                least = 0 if name == "layers" else 1
                if min(value if isinstance(value, tuple) else (value,), default=0) < least:
                    yield f"{name} is {value}, it must be {least} or more"
        for name in ("dropout", "context_masking"):
            if not 0 <= getattr(self, name) < 1:
                yield f"{name} is {getattr(self, name)}, it must be in [0, 1)"

    def _contradictions(self) -> Iterator[str]:
        """Yields one sentence for each pair of values that exclude each other."""
        if len(self.widths) != len(self.depths):
            yield f"widths {self.widths} and depths {self.depths} differ in length"
        if self.outputs not in (1, self.frames):
            yield f"outputs is {self.outputs}, choose 1 or frames = {self.frames}"
        if self.head == "classes" and (self.outputs > 1 or self.refinement != "none"):
            yield "head 'classes' needs outputs 1 and no refinement"
        if self.motion != "none" and self.frames < 2:
            yield f"motion {self.motion!r} needs 2 frames or more"
        if self.fusion != "none" and (self.motion == "none" or self.outputs != self.frames):
            yield f"fusion {self.fusion!r} needs motion maps and one output a frame"
        if self.background != "none" and self.motion == "mdd" and self.motion_input:
            yield f"background {self.background!r} and motion maps as input: choose one, or motion_input False"
        if self.background.startswith("subtract") and self.input_norm != "unit":
            yield f"background {self.background!r} needs input_norm 'unit'"
        if self.trunk == "attention_unet":
            for name, value in ATTENTION_UNET.items():
                if getattr(self, name) != value:
                    yield f"trunk 'attention_unet' needs {name} {value!r}"
        if self.refinement == "rstr" and self.embed_dim % self.heads:
            yield f"embed_dim {self.embed_dim} must be divisible by heads, {self.heads}"
        if self.height % self.divisor or self.width % self.divisor:
            yield f"{self.width}x{self.height} must be divisible by {self.divisor} on both sides"

    @property
    def divisor(self) -> int:
        """Height and width must be multiples of this many pixels."""
        pooled = self.space_to_depth * 2 ** (len(self.widths) - 1)
        if self.refinement == "none":
            return pooled
        return math.lcm(pooled, self.patch)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrackNetConfig":
        """The inverse of `to_dict`; raises `UserError` for a field this version does not know."""
        names = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - names)
        if unknown:
            raise UserError(
                f"model config: unknown field {unknown[0]!r}; known are {', '.join(sorted(names))}"
            )
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**fields)
