"""Named presets: each paper's and each reference code's network is one `TrackNetConfig`."""

from dataclasses import replace
from typing import Any

from tracknet_jax.models.config import TrackNetConfig
from tracknet_jax.utils.errors import UserError

# The forms of the first papers' own codes: nearest upsampling and biases everywhere, Keras' batch norm and start.
BIASED: dict[str, Any] = {"conv_bias": True, "head_bias": True, "upsample": "nearest"}
KERAS: dict[str, Any] = {"bn_eps": 1e-3, "bn_decay": 0.99, "kernel_init": "uniform"}
# V4's prompt: Eq. 4, with the start values of its code
PROMPT: dict[str, Any] = {"motion": "prompt", "fusion": "eq4", "motion_alpha": 0.1, "motion_beta": 0.0}

# V2, V4 and V5 in one form, that of the V5 paper's tables (no convolution bias, aligned bilinear upsampling),
# so that they differ in nothing but the papers' ideas.
V2 = TrackNetConfig(name="tracknet_v2", paper="TrackNetV2, 2020")
V4 = replace(V2, name="tracknet_v4", paper="TrackNetV4, 2025, eq. 4", **PROMPT)
V2_MDD = replace(V2, name="tracknet_v2_mdd", paper="TrackNetV5, 2025, V2 + MDD", motion="mdd", fusion="eq4")
V2_RSTR = replace(V2, name="tracknet_v2_rstr", paper="TrackNetV5, 2025, V2 + R-STR", refinement="rstr")
V5 = replace(V2_MDD, name="tracknet_v5", paper="TrackNetV5, 2025", refinement="rstr")

# V1: no skips, and the ball's map as 256 grey levels a pixel.
V1 = replace(
    V2,
    name="tracknet_v1",
    paper="TrackNet, 2019, channel norm",
    outputs=1,
    height=360,
    width=640,
    head="classes",
    skips="none",
    conv_bias=True,
    upsample="nearest",
)

V2_OFFICIAL = replace(
    V2, name="tracknet_v2_official", paper="TrackNetV2, 2020, Keras, channel norm", **BIASED, **KERAS
)
V2_KERAS = replace(
    V2_OFFICIAL, name="tracknet_v2_keras", paper="TrackNetV2, 2020, Keras, width norm", bn_axis="width"
)
V2_WASB = replace(
    V2,
    name="tracknet_v2_wasb",
    paper="TrackNetV2, 2020, WASB's port",
    input_norm="imagenet",
    concat="skip_up",
    **BIASED,
)

# V3's tracking module: eight frames and the background's image as channels, norm before ReLU.
V3 = replace(
    V2,
    name="tracknet_v3",
    paper="TrackNetV3, 2023, tracking module",
    frames=8,
    outputs=8,
    background="concat",
    block_order="conv_bn_relu",
    head_bias=True,
    upsample="nearest",
)
# Our reading of the row "V3 + motion" in V4's Table I, which no code explains: Eq. 4 over the 7 differences of
# the 8 frames; the background is in none of them.
V3_MOTION = replace(V3, name="tracknet_v3_motion", paper="TrackNetV4, 2025, on V3, our reading", **PROMPT)

# V4 as its official code has it: differences shrink by 0.225, and the slope's eps is 0.1.
V4_OFFICIAL = replace(
    V2_OFFICIAL,
    name="tracknet_v4_official",
    paper="TrackNetV4, 2025, Keras, channel norm",
    motion_eps=0.1,
    motion_scale=0.225,
    **PROMPT,
)

V4_KERAS = replace(
    V4_OFFICIAL, name="tracknet_v4_keras", paper="TrackNetV4, 2025, Keras, width norm", bn_axis="width"
)

# What the V5 paper's related work calls TrackNetV3: another project's network, not V3 above.
ATTENTION_UNET = replace(
    V2,
    name="attention_unet",
    paper="alenzenx/TrackNetV3, 2023",
    trunk="attention_unet",
    depths=(2, 2, 2, 3),
    block_order="conv_bn_relu",
    **BIASED,
)

# For CPUs: five frames at once, a U-Net at half resolution with added skips, MDD as input, empty maps at the start.
NANO = TrackNetConfig(
    name="tracknet_nano",
    paper="this project, after TrackNetV5's MDD",
    frames=5,
    outputs=5,
    widths=(32, 48, 96, 88),
    depths=(2, 2, 2, 2),
    skips="add",
    space_to_depth=2,
    upsample="nearest",
    motion="mdd",
    head_bias=True,
    head_bias_init=-3.0,
)


def _variant(base: TrackNetConfig, name: str, note: str, **changes: Any) -> TrackNetConfig:
    """`base` of the same paper under another name, with `changes`."""
    paper = ", ".join([*base.paper.split(", ")[:2], note])
    return replace(base, name=name, paper=paper, **changes)


_ALL = (
    V1,
    _variant(V1, "tracknet_v1_keras", "Keras, width norm", bn_axis="width", **KERAS),
    V2,
    _variant(V2, "tracknet_v2_3to1", "3 in 1 out", outputs=1),
    V2_OFFICIAL,
    _variant(V2_OFFICIAL, "tracknet_v2_official_3to1", "Keras, 3 in 1 out", outputs=1),
    V2_KERAS,
    _variant(V2_KERAS, "tracknet_v2_keras_3to1", "width norm, 3 in 1 out", outputs=1),
    V2_WASB,
    V3,
    _variant(V3, "tracknet_v3_plain", "no background", background="none"),
    _variant(V3, "tracknet_v3_subtract", "subtract", background="subtract"),
    _variant(V3, "tracknet_v3_subtract_concat", "subtract_concat", background="subtract_concat"),
    V4,
    _variant(V4, "tracknet_v4_mean", "version 2", fusion="mean"),
    _variant(V4, "tracknet_v4_type_b", "the code's type B", fusion="type_b"),
    V4_OFFICIAL,
    _variant(V4_OFFICIAL, "tracknet_v4_official_mean", "Keras, version 2", fusion="mean"),
    _variant(V4_OFFICIAL, "tracknet_v4_official_type_b", "Keras, type B", fusion="type_b"),
    V4_KERAS,
    _variant(V4_KERAS, "tracknet_v4_keras_type_b", "Keras, width norm, B", fusion="type_b"),
    V3_MOTION,
    V2_MDD,
    V2_RSTR,
    _variant(V2_RSTR, "tracknet_v2_rstr_joint", "V2 + R-STR, code", attention="joint"),
    _variant(V5, "tracknet_v2_rstr_gated", "V2 + R-STR, gated", motion_input=False),
    _variant(V5, "tracknet_v5_ungated", "MDD + R-STR, no gate", fusion="none"),
    V5,
    _variant(V5, "tracknet_v5_divided", "TimeSformer's block", attention="divided"),
    _variant(V5, "tracknet_v5_joint", "reference code", attention="joint"),
    ATTENTION_UNET,
    NANO,
)

PRESETS: dict[str, TrackNetConfig] = {config.name: config for config in _ALL}


def preset(name: str) -> TrackNetConfig:
    """The preset called `name`; raises `UserError` with the list of names when there is none."""
    if name not in PRESETS:
        raise UserError(f"unknown model {name!r}: choose from {', '.join(PRESETS)}")
    return PRESETS[name]
