"""The layouts: their tables against the references' own, detection, and what is said when a checkpoint does not fit."""

from dataclasses import replace
from itertools import chain

import jax
import numpy as np
import pytest
from flax.traverse_util import flatten_dict
from scipy.signal import correlate

from tests.helpers.reference import load_golden
from tracknet_jax.convert.fitting import find_network
from tracknet_jax.convert.foreign_checkpoint import Checkpoint
from tracknet_jax.convert.layouts import ALL, LAYOUTS, layouts_of
from tracknet_jax.convert.mapping import tensor_shapes, to_tensors, to_variables
from tracknet_jax.convert.networks import V2_RSTR, V2_TORCH
from tracknet_jax.models.rectifier import RectifierConfig
from tracknet_jax.models.registry import PRESETS, preset
from tracknet_jax.releases.release import abstract_variables
from tracknet_jax.utils.errors import UserError

# Fixture: layout, network, and what its weights and shapes cannot tell.
FIXTURES = {
    "v1": ("v1-torch", preset("tracknet_v1"), {}),
    "v2_keras_channel": ("v2-keras", preset("tracknet_v2_official"), {}),
    "v2_keras_width": ("v2-keras", replace(preset("tracknet_v2_keras"), width=96, height=56), {}),
    "v2_wasb": ("wasb-tracknetv2", preset("tracknet_v2_wasb"), {}),
    "v3_concat_L8": ("v3-torch", preset("tracknet_v3"), {}),
    "v3_plain_L3": ("v3-torch", replace(preset("tracknet_v3_plain"), frames=3, outputs=3), {}),
    "v3_subtract_L3": ("v3-torch", replace(preset("tracknet_v3_subtract"), frames=3, outputs=3), {}),
    "v3_subtract_concat_L3": (
        "v3-torch",
        replace(preset("tracknet_v3_subtract_concat"), frames=3, outputs=3),
        {"seq_len": 3, "bg_mode": "subtract_concat"},
    ),
    "v3_inpaintnet": ("inpaintnet-torch", RectifierConfig("inpaintnet"), {}),
    "attention_unet": ("attention-unet-torch", preset("attention_unet"), {}),
    "v4_keras_channel": ("v4-keras", preset("tracknet_v4_official"), {"fusion": "eq4"}),
    "v4_keras_width": (
        "v4-keras",
        replace(preset("tracknet_v4_keras"), width=96, height=56, fusion="type_b"),
        {"fusion": "type_b"},
    ),
    "v5repo_v2": ("v5-torch", preset("tracknet_v2"), {}),
    "v5repo_v4": ("v5-torch", preset("tracknet_v4"), {}),
    "v5repo_v2_mdd": ("v5-torch", preset("tracknet_v2_mdd"), {}),
    "v5repo_v2_rstr": ("v5-torch", replace(V2_RSTR, width=96, height=64), {}),
    "v5repo_v5": ("v5-torch", replace(preset("tracknet_v5_joint"), width=96, height=64), {}),
}


NORM = ("weight", "bias", "running_mean", "running_var")


def empty_tensors(name: str) -> dict[str, np.ndarray]:
    """Tensors of a fixture's names and shapes that take no memory."""
    _, meta = load_golden(name)
    return {tensor: np.broadcast_to(np.float32(0), shape) for tensor, shape, *_ in meta["tensors"]}


def without_name(config):
    return replace(config, name="", paper="")


@pytest.mark.parametrize("name", FIXTURES)
def test_detection_by_names_and_shapes(name: str):
    layout, config, notes = FIXTURES[name]
    found, network = find_network(Checkpoint.of(empty_tensors(name), notes), "auto", None, "w.npz")
    assert found.name == layout
    assert without_name(network) == without_name(config)


@pytest.mark.parametrize("name", FIXTURES)
def test_the_table_lists_the_references_tensors_in_its_order(name: str):
    layout, config, _ = FIXTURES[name]
    assert [row.theirs for row in LAYOUTS[layout].table(config)] == list(empty_tensors(name))


def narrow(config):
    """The same network with few channels; its tables are the same."""
    if isinstance(config, RectifierConfig):
        return replace(config, widths=(2, 3, 4, 5))
    return replace(config, widths=(2, 4, 6, 8), embed_dim=8, mlp_dim=12, height=64, width=96)


def random_variables(config):
    rng = np.random.default_rng(0)
    abstract = abstract_variables(config)
    return jax.tree.map(lambda leaf: rng.normal(size=leaf.shape).astype(np.float32), abstract)


CASES = [(layout, network) for layout in ALL for network in layout.networks]


@pytest.mark.parametrize(("layout", "network"), CASES, ids=lambda case: case.name)
def test_round_trip(layout, network):
    """Every variable is in the table once, and comes back bit by bit (V1's 0..255 to the last but one)."""
    variables = random_variables(narrow(network))
    table = list(layout.table(network))
    assert sorted(row.ours for row in table) == sorted(flatten_dict(variables, sep="/"))
    tensors = to_tensors(table, variables)
    assert {name: x.shape for name, x in tensors.items()} == tensor_shapes(table, variables)
    tolerance = 1e-6 if layout.name == "v1-keras" else 0
    again = to_variables(table, tensors)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance), again, variables)
    for name, tensor in to_tensors(table, again).items():
        np.testing.assert_allclose(tensor, tensors[name], rtol=tolerance)


@pytest.mark.parametrize(("layout", "scale"), [("v1-torch", 255), ("v1-keras", 1)])
def test_v1_sees_the_newest_frame_first_and_bgr(layout, scale):
    """The first convolution as the references compute it, on their input, against ours on ours."""
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 256, (3, 5, 7, 3)).astype(np.float64)  # RGB, oldest first
    theirs = np.concatenate([frame[..., ::-1] for frame in frames[::-1]], axis=-1).transpose(2, 0, 1) / scale
    ours = np.concatenate(list(frames), axis=-1).transpose(2, 0, 1) / 255
    network = LAYOUTS[layout].networks[0]
    row = next(iter(LAYOUTS[layout].table(network)))
    kernel = rng.normal(size=(2, 9, 3, 3)).astype(np.float32)
    stored = kernel if layout == "v1-torch" else kernel.transpose(2, 3, 1, 0)
    converted = row.how.ours(stored)  # HWIO
    for channel in range(2):
        expected = correlate(theirs, kernel[channel], "valid")
        found = correlate(ours, converted[..., channel].transpose(2, 0, 1), "valid")
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_chgyglins_port_of_the_keras_weights_is_the_keras_network():
    """His converter only renames, in the order of use, and turns the kernels."""
    config = preset("tracknet_v2_keras")
    keras, port = (LAYOUTS[name].table(config) for name in ("v2-keras", "v2-torch"))
    variables = random_variables(narrow(config))
    blocks = [[f"{i}.conv.weight", f"{i}.conv.bias", *(f"{i}.bn.{n}" for n in NORM)] for i in range(1, 18)]
    names = [f"conv2d_{name}" for name in [*chain(*blocks), "18.weight", "18.bias"]]
    tensors = to_tensors(keras, variables).values()
    ported = {n: x.transpose(3, 2, 0, 1) if x.ndim == 4 else x for n, x in zip(names, tensors, strict=True)}
    jax.tree.map(np.testing.assert_array_equal, to_variables(port, ported), variables)


def whole(layout: str, config) -> dict[str, np.ndarray]:
    """The tensors of a network in a layout, without memory."""
    table = list(LAYOUTS[layout].table(config))
    expected = tensor_shapes(table, abstract_variables(config))
    return {name: np.broadcast_to(np.float32(0), shape) for name, shape in expected.items()}


@pytest.mark.parametrize(
    ("layout", "config"),
    [
        ("v2-keras", preset("tracknet_v2_keras")),
        ("v2-keras", preset("tracknet_v2_keras_3to1")),
        ("v2-keras", replace(preset("tracknet_v2_official"), outputs=1)),
        ("v1-keras", preset("tracknet_v1_keras")),
        ("v1-keras", replace(preset("tracknet_v1_keras"), width=320, height=176)),
        ("v2-torch", V2_TORCH[0]),
        ("v2-torch", V2_TORCH[1]),
        ("v2-torch", replace(preset("tracknet_v2_keras"), width=256, height=144)),
        ("wasb-tracknetv2", replace(preset("tracknet_v2_wasb"), frames=5, outputs=5)),
        ("wasb-tracknetv2", replace(preset("tracknet_v2_wasb"), frames=4, outputs=1)),
        ("v3-torch", replace(preset("tracknet_v3"), frames=5, outputs=5)),
        ("v3-torch", preset("tracknet_v3_subtract_concat")),
        ("v5-torch", preset("tracknet_v5_joint")),
        ("v5-torch", replace(preset("tracknet_v5_joint"), width=1024, height=576)),
    ],
    ids=lambda x: x if isinstance(x, str) else x.name,
)
def test_sizes_are_read_from_the_shapes(layout, config):
    found, network = find_network(Checkpoint.of(whole(layout, config), {}), "auto", None, "w.pt")
    assert (found.name, without_name(network)) == (layout, without_name(config))


def refused(tensors, source="auto", model=None, notes=None) -> str:
    with pytest.raises(UserError) as told:
        find_network(Checkpoint.of(tensors, notes or {}), source, model, "w.pt")
    assert "\n" not in str(told.value)
    return str(told.value)


V3 = whole("v3-torch", preset("tracknet_v3"))


def test_another_shape():
    assert refused(V3 | {"predictor.weight": np.zeros((8, 32, 1, 1))}) == (
        "w.pt: as v3-torch, predictor.weight is (8, 32, 1, 1), expected (8, 64, 1, 1); "
        "the nearest layout is v3-torch, where 86 of 87 tensors fit"
    )


def test_a_length_that_the_tensors_do_not_have():
    told = refused(V3, notes={"seq_len": 4, "bg_mode": "concat"})
    assert "down_block_1.conv_1.conv.weight is (64, 27, 3, 3), expected (64, 15, 3, 3)" in told


def test_a_missing_tensor_and_one_too_many():
    assert "as v3-torch, predictor.bias (8,) is missing" in refused(
        {n: V3[n] for n in V3 if n != "predictor.bias"}
    )
    assert "as v3-torch, gate.weight (3,) is not of tracknet_v3;" in refused(
        V3 | {"gate.weight": np.zeros(3)}
    )


def test_what_a_project_builds_and_never_uses_is_left_out():
    """Its state dict has 594 weights of a spatial attention more than the network (docs/family.md)."""
    unused = {name: np.zeros(shape) for name, shape in LAYOUTS["attention-unet-torch"].unused}
    assert sum(x.size for x in unused.values()) == 594
    checkpoint = Checkpoint.of(empty_tensors("attention_unet") | unused, {})
    layout, network = find_network(checkpoint, "auto", None, "w.pt")
    assert (layout.name, network.name) == ("attention-unet-torch", "attention_unet")


def test_a_width_that_cannot_be_pooled():
    told = refused(empty_tensors("v2_keras_width") | {"batch_normalization/gamma": np.zeros(100)})
    assert "batch_normalization/gamma is (100,), expected (512,)" in told


def test_another_layout():
    assert refused(V3, source="v2-keras") == (
        "w.pt: as v2-keras, conv2d/kernel (3, 3, 9, 64) is missing; "
        "the nearest layout is v3-torch, where 87 of 87 tensors fit"
    )


def test_unknown_names_are_compared_by_shape():
    told = refused({f"layer{i}": x for i, x in enumerate(whole("v1-torch", preset("tracknet_v1")).values())})
    assert "as v1-torch, conv1.block.0.weight (64, 9, 3, 3) is missing" in told
    assert told.endswith("the nearest layout is v1-torch, where 0 of 108 tensors fit")


def test_where_names_and_shapes_leave_a_choice():
    v4 = empty_tensors("v4_keras_channel")
    both = "tracknet_v4_official or tracknet_v4_official_type_b"
    assert refused(v4) == f"w.pt: fits {both} alike; say which with --model"
    assert refused(v4, model="tracknet_v4") == f"w.pt: is {both}, not tracknet_v4"
    _, chosen = find_network(Checkpoint.of(v4, {}), "auto", "tracknet_v4_official_type_b", "w.pt")
    assert chosen.fusion == "type_b"
    planes = empty_tensors("v3_subtract_concat_L3")  # 3 (L + 1) = 4 L
    assert (
        refused(planes)
        == "w.pt: fits tracknet_v3 or tracknet_v3_subtract_concat alike; say which with --model"
    )
    assert refused(V3, model="tracknet_v2") == "w.pt: is tracknet_v3, not tracknet_v2"


def test_which_presets_can_be_given_back():
    names = {name: [layout.name for layout in layouts_of(config)] for name, config in PRESETS.items()}
    assert {name for name, layouts in names.items() if not layouts} == {
        *(
            "tracknet_v2_3to1",
            "tracknet_v4_mean",
            "tracknet_v4_official_mean",
            "tracknet_v4_type_b",
            "tracknet_v3_motion",
            "tracknet_nano",
        ),
        *(
            "tracknet_v2_rstr",
            "tracknet_v2_rstr_gated",
            "tracknet_v5",
            "tracknet_v5_divided",
            "tracknet_v5_ungated",
        ),
    }
    assert names["tracknet_v2"] == names["tracknet_v5_joint"] == ["v5-torch"]
    assert names["tracknet_v2_keras"] == ["v2-keras", "v2-torch"]
