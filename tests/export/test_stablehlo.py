"""StableHLO: the stored program, loaded again, against the network itself."""

import jax
import numpy as np
import pytest

from tests.helpers.members import expected_maps, narrow, random_release, windows
from tracknet_jax.export.stablehlo import stablehlo_program

pytest.importorskip("flatbuffers")


@pytest.mark.parametrize("name", ["tracknet_v1", "tracknet_v3", "tracknet_v5"])
def test_maps_are_those_of_the_network(name):
    release = random_release(narrow(name))
    inputs = windows(release.config, batch=3)
    maps = jax.export.deserialize(stablehlo_program(release)).call(*inputs)
    np.testing.assert_allclose(maps, expected_maps(release, inputs), atol=1e-5)


def test_one_program_for_every_batch_and_platform():
    release = random_release(narrow("tracknet_nano"))
    program = jax.export.deserialize(stablehlo_program(release))
    assert program.platforms == ("cpu", "cuda", "tpu")
    frames = windows(release.config, batch=3)[0]
    together = program.call(frames)
    np.testing.assert_allclose(
        program.call(frames[1:2]), together[1:2], atol=1e-5
    )  # other sums for another batch


def test_only_the_images_are_inputs():
    program = jax.export.deserialize(stablehlo_program(random_release(narrow("tracknet_v3"))))
    shapes = [(str(aval.shape[0]), *aval.shape[1:]) for aval in program.in_avals]
    assert shapes == [("batch", 8, 32, 48, 3), ("batch", 32, 48, 3)]
    assert all(aval.dtype == np.uint8 for aval in program.in_avals)
