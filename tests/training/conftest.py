"""The little clips of `tiny` as a folder and as a built dataset; nobody writes into them."""

import pytest

from tests.helpers.tiny_training import MODEL, write_clips
from tracknet_jax.data.formats import find_clips
from tracknet_jax.data.tfds.build import build_dataset


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    return write_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def dataset(clips, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset") / "built"
    build_dataset(find_clips(clips), folder, size=(MODEL.width, MODEL.height))
    return folder
