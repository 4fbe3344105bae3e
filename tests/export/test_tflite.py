"""TFLite: the converted model against the network itself, and what it is made of."""

import numpy as np
import pytest

from tests.helpers.members import expected_maps, narrow, random_release, windows
from tracknet_jax.export.tflite import run_tflite, tflite_model

pytest.importorskip("tensorflow")
litert = pytest.importorskip("ai_edge_litert.interpreter")


@pytest.mark.parametrize(
    "name", ["tracknet_v1", "tracknet_v3", "tracknet_v4", "tracknet_v5", "tracknet_nano"]
)
def test_maps_are_those_of_the_network(name):
    release = random_release(narrow(name))
    inputs = windows(release.config, batch=1)
    expected = expected_maps(release, inputs)
    assert expected.std() > 0.001  # else the comparison shows nothing
    np.testing.assert_allclose(run_tflite(tflite_model(release), inputs), expected, atol=1e-5)


def test_inputs_are_named_images_and_operations_are_tflites_own():
    interpreter = litert.Interpreter(model_content=tflite_model(random_release(narrow("tracknet_v3"))))
    inputs = interpreter.get_input_details()
    assert [(entry["name"], entry["dtype"], entry["shape"].tolist()) for entry in inputs] == [
        ("frames", np.uint8, [1, 8, 32, 48, 3]),
        ("background", np.uint8, [1, 32, 48, 3]),
    ]
    names = {operation["op_name"] for operation in interpreter._get_ops_details()}
    assert "CONV_2D" in names
    assert not any(name.startswith(("Flex", "STABLEHLO")) for name in names)
