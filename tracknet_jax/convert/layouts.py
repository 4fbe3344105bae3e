"""The layouts: each reference project's checkpoints, which networks they hold, and the table of their tensors."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tracknet_jax.convert import networks, tables
from tracknet_jax.convert.foreign_checkpoint import Checkpoint
from tracknet_jax.convert.mapping import Row
from tracknet_jax.models.rectifier import INPAINTNET
from tracknet_jax.releases.release import AnyConfig
from tracknet_jax.utils.errors import UserError


@dataclass(frozen=True)
class Layout:
    """How one project stores its networks.

    Attributes:
        origin: the project.
        networks: the project's networks, at one of their sizes.
        choose: gives the networks that a checkpoint may be; see `networks`.
        table: gives the rows of a network's tensors, in the project's own order.
        any_length: the project builds its networks for any number of frames.
        wrapper: the key of the state dict in the project's torch files.
        notes: what the project stores beside it under `param_dict`, or what the tensors do not say.
        unused: tensors that the project builds and never uses, with their shapes; written as zeros.
    """

    name: str
    origin: str
    networks: tuple[AnyConfig, ...]
    choose: Callable[[Checkpoint], list[Any]]
    table: Callable[[Any], Iterable[Row]]
    any_length: bool = False
    wrapper: str | None = None
    notes: Callable[[Any], dict[str, Any]] = lambda config: {}
    unused: tuple[tuple[str, tuple[int, ...]], ...] = ()


ALL = (
    Layout(
        "v1-torch", "yastrebksv/TrackNet", (networks.V1,), lambda checkpoint: [networks.V1], tables.v1_torch
    ),
    Layout(
        "v1-keras",
        "TrackNet's official code",
        (networks.V1_KERAS,),
        networks.choose_v1_keras,
        tables.v1_keras,
    ),
    Layout(
        "v2-keras",
        "TrackNetV2's official code and TrackNetV4/TrackNetV4",
        networks.V2_KERAS + networks.V2_CHANNEL,
        networks.choose_v2_keras,
        tables.v2_keras,
    ),
    Layout(
        "v2-torch",
        "ChgygLin/TrackNetV2-pytorch",
        networks.V2_TORCH + networks.V2_KERAS,
        networks.choose_v2_torch,
        tables.v2_torch,
    ),
    Layout(
        "wasb-tracknetv2",
        "nttcom/WASB-SBDT",
        (networks.WASB,),
        networks.choose_wasb,
        tables.wasb_tracknetv2,
        any_length=True,
        wrapper="model_state_dict",
    ),
    Layout(
        "v3-torch",
        "qaz812345/TrackNetV3",
        networks.V3,
        networks.choose_v3,
        tables.v3_torch,
        any_length=True,
        wrapper="model",
        notes=networks.v3_notes,
    ),
    Layout(
        "inpaintnet-torch",
        "qaz812345/TrackNetV3",
        (INPAINTNET,),
        networks.choose_inpaintnet,
        tables.inpaintnet_torch,
        wrapper="model",
        notes=networks.inpaintnet_notes,
    ),
    Layout(
        "attention-unet-torch",
        "alenzenx/TrackNetV3",
        (networks.ATTENTION_UNET,),
        lambda checkpoint: [networks.ATTENTION_UNET],
        tables.attention_unet_torch,
        wrapper="model_state_dict",
        notes=lambda config: {"model_name": "TrackNetV2", "num_frame": config.frames, "input_type": "2d"},
        unused=tables.ATTENTION_UNET_UNUSED,
    ),
    Layout(
        "v4-keras",
        "TrackNetV4/TrackNetV4",
        networks.V4_KERAS + networks.V4_CHANNEL,
        networks.choose_v4_keras,
        tables.v2_keras,
        wrapper="model",
        notes=lambda config: {"fusion": config.fusion},
    ),
    Layout(
        "v5-torch",
        "codelancera-offical/TracknetV5",
        (networks.V2, networks.V4, networks.V2_MDD, networks.V2_RSTR, networks.V5),
        networks.choose_v5,
        tables.v5_torch,
    ),
)
LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in ALL}


def layouts_called(source: str) -> tuple[Layout, ...]:
    """The layout of that name, or all for `auto`; raises `UserError` if there is none."""
    if source not in ("auto", *LAYOUTS):
        raise UserError(f"unknown layout {source!r}: choose from auto, {', '.join(LAYOUTS)}")
    return ALL if source == "auto" else (LAYOUTS[source],)


# Fields of a config that no project's tensors show.
SIZES = {"name", "paper", "height", "width", "length", "dtype"}
BEGINNING = {"kernel_init", "head_bias_init", "motion_alpha", "motion_beta"}
TRAINING = {"bn_decay", "dropout", "context_masking"}


def layouts_of(config: AnyConfig) -> list[Layout]:
    """The layouts in which a network of ours can be written: their projects have exactly this network."""

    def has_it(layout: Layout) -> bool:
        free = SIZES | BEGINNING | TRAINING | ({"frames", "outputs"} if layout.any_length else set())
        return architecture(config, free) in [architecture(network, free) for network in layout.networks]

    return [layout for layout in ALL if has_it(layout)]


def architecture(config: AnyConfig, free: set[str]) -> dict[str, Any]:
    """The fields of a config, without those that are free."""
    return {name: value for name, value in dataclasses.asdict(config).items() if name not in free}
