"""ONNX: every kind of member against the network itself, and what the file says about itself."""

import json
from dataclasses import replace

import jax
import numpy as np
import pytest

from tests.helpers.members import MEMBERS, expected_maps, narrow, random_release, windows
from tracknet_jax.models.config import TrackNetConfig

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def run(model, inputs: list[np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]
    return session.run(["maps"], dict(zip(names, inputs, strict=True)))[0]


def exported(release):
    from tracknet_jax.export.onnx_network import onnx_model

    return onnx_model(release.config, release.variables)


@pytest.mark.parametrize("config", MEMBERS, ids=lambda config: config.name)
def test_maps_are_those_of_the_network(config: TrackNetConfig):
    release = random_release(config)
    model = exported(release)
    onnx.checker.check_model(model, full_check=True)
    inputs = windows(config, batch=3)
    expected = expected_maps(release, inputs)
    assert expected.std() > 0.001  # else the comparison shows nothing
    np.testing.assert_allclose(run(model, inputs), expected, atol=1e-5)


def test_the_batch_is_open():
    config = narrow("tracknet_v5")
    model = exported(random_release(config))
    frames = windows(config, batch=3)[0]
    together = run(model, [frames])
    np.testing.assert_allclose(
        run(model, [frames[1:2]]), together[1:2], atol=1e-5
    )  # other sums for another batch


def test_a_norm_right_after_its_convolution_is_folded():
    after_relu, folded = (
        {node.op_type for node in exported(random_release(narrow(name))).graph.node}
        for name in ("tracknet_v2", "tracknet_v3")
    )
    assert "BatchNormalization" in after_relu
    assert "BatchNormalization" not in folded


def test_a_norm_of_negative_gain_and_a_bfloat16_network():
    """Neither is what training starts from; ONNX is float32 whatever the network computes in."""
    config = replace(narrow("tracknet_v2_official"), dtype="bfloat16")
    release = random_release(config)
    norm = release.variables["params"]["encoder_decoder"]["down0_0"]["bn"]
    norm["scale"] = -norm["scale"]
    inputs = windows(config, batch=1)
    expected = expected_maps(random_release(replace(config, dtype="float32")), inputs, release.variables)
    np.testing.assert_allclose(run(exported(release), inputs), expected, atol=1e-5)


def test_the_file_says_what_it_is():
    config = narrow("tracknet_v3")
    model = exported(random_release(config))
    (properties,) = model.metadata_props
    assert TrackNetConfig.from_dict(json.loads(properties.value)) == config
    assert [opset.version for opset in model.opset_import] == [17]
    shapes = {
        value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in [*model.graph.input, *model.graph.output]
    }
    assert shapes == {
        "frames": ["batch", 8, 32, 48, 3],
        "background": ["batch", 32, 48, 3],
        "maps": ["batch", 8, 32, 48],
    }
    stored = sum(np.prod(tensor.dims, dtype=int) for tensor in model.graph.initializer)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(random_release(config).variables["params"]))
    assert stored < parameters + 200  # each weight once, besides shapes and the input's scale
