"""Named presets: each paper's and each reference code's network is one `TrackNetConfig`."""

from dataclasses import replace

from tracknet_jax.errors import UserError
from tracknet_jax.models.config import TrackNetConfig

# V2, V4 and V5 in one form, that of the V5 paper's tables (no convolution bias, aligned bilinear upsampling),
# so that they differ in nothing but the papers' ideas.
V2 = TrackNetConfig(name="tracknet_v2", paper="TrackNetV2, 2020")
V4 = replace(
    V2,
    name="tracknet_v4",
    paper="TrackNetV4, 2025, eq. 4",
    motion="prompt",
    fusion="eq4",
    motion_alpha=0.1,
    motion_beta=0.0,
)
V2_MDD = replace(
    V2, name="tracknet_v2_mdd", paper="TrackNetV5, 2025, ablation: V2 + MDD", motion="mdd", fusion="eq4"
)
V5 = replace(V2_MDD, name="tracknet_v5", paper="TrackNetV5, 2025", refinement="rstr")

# The forms in which the first papers' own code has them: bias, nearest upsampling, Keras' batch norm.
V2_OFFICIAL = replace(
    V2,
    name="tracknet_v2_official",
    paper="TrackNetV2, 2020, official code, batch norm over channels",
    conv_bias=True,
    head_bias=True,
    upsample="nearest",
    bn_eps=1e-3,
    bn_decay=0.99,
    kernel_init="uniform",
)

# For CPUs: a U-Net at half resolution with added skips, MDD as input, and a head that starts with empty maps.
NANO = TrackNetConfig(
    name="tracknet_nano",
    paper="this project, after TrackNetV5's MDD",
    widths=(16, 32, 64, 96),
    depths=(2, 2, 2, 2),
    skips="add",
    space_to_depth=2,
    upsample="nearest",
    motion="mdd",
    head_bias=True,
    head_bias_init=-3.0,
)

_ALL = (
    V2,
    replace(V2, name="tracknet_v2_3to1", paper="TrackNetV2, 2020, 3 in 1 out", outputs=1),
    V2_OFFICIAL,
    replace(
        V2_OFFICIAL,
        name="tracknet_v2_keras",
        paper="TrackNetV2, 2020, released Keras weights",
        bn_axis="width",
    ),
    replace(
        V2,
        name="tracknet_v2_wasb",
        paper="TrackNetV2, 2020, WASB's port",
        conv_bias=True,
        head_bias=True,
        upsample="nearest",
        concat="skip_up",
    ),
    V4,
    replace(V4, name="tracknet_v4_mean", paper="TrackNetV4, 2025, version 2", fusion="mean"),
    replace(V4, name="tracknet_v4_type_b", paper="TrackNetV4, 2025, official code's type B", fusion="type_b"),
    V2_MDD,
    replace(V2, name="tracknet_v2_rstr", paper="TrackNetV5, 2025, ablation: V2 + R-STR", refinement="rstr"),
    V5,
    replace(
        V5, name="tracknet_v5_divided", paper="TrackNetV5, 2025, TimeSformer's block", attention="divided"
    ),
    replace(V5, name="tracknet_v5_joint", paper="TrackNetV5, 2025, reference code", attention="joint"),
    NANO,
)

PRESETS: dict[str, TrackNetConfig] = {config.name: config for config in _ALL}


def preset(name: str) -> TrackNetConfig:
    """The preset called `name`; raises `UserError` with the list of names when there is none."""
    if name not in PRESETS:
        raise UserError(f"unknown model {name!r}: choose from {', '.join(PRESETS)}")
    return PRESETS[name]
