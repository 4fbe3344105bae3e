"""TensorFlow checkpoints and SavedModels of Keras models, read where TensorFlow is installed."""

import re
from pathlib import Path

from tracknet_jax.convert.foreign_checkpoint import Checkpoint
from tracknet_jax.convert.keras_files import LAYERS, keras_checkpoint
from tracknet_jax.utils.errors import UserError

# Keras 2 numbers the layers that have weights, Keras 3 all of them, both in the order of the model.
VARIABLE = re.compile(r"(?:layer_with_weights-|_operations/)(\d+)/_?(\w+)/\.ATTRIBUTES/VARIABLE_VALUE$")
SAVED_MODEL = "saved_model.pb"
NAMES = {name for names in LAYERS.values() for name in names}


def is_tensorflow(path: Path) -> bool:
    """Whether `path` is a SavedModel, a folder of checkpoints, or the common beginning of a checkpoint's files."""
    return (
        any((path / name).is_file() for name in (SAVED_MODEL, "checkpoint"))
        or Path(f"{path}.index").is_file()
    )


def read_tensorflow(path: Path) -> Checkpoint:
    """The weights of a Keras model, by its layers' names in a fresh session.

    Raises:
        UserError: TensorFlow is not installed, or the checkpoint is not a Keras model's.
    """
    try:
        import tensorflow as tf
    except ModuleNotFoundError as missing:
        raise UserError(
            f"{path}: TensorFlow's own format needs TensorFlow; install it, or save the model as .h5 or .keras"
        ) from missing
    prefix = path / "variables" / "variables" if (path / SAVED_MODEL).is_file() else path
    reader = tf.train.load_checkpoint(str(prefix))
    layers: dict[int, dict] = {}
    for name in reader.get_variable_to_shape_map():
        found = VARIABLE.search(name)
        if found and found[2] in NAMES:
            layers.setdefault(int(found[1]), {})[found[2]] = reader.get_tensor(name)
    if not layers:
        raise UserError(f"{path}: names no layers of a Keras model; save the model as .keras or .h5")
    return keras_checkpoint([(str(number), layers[number]) for number in sorted(layers)], "", path)
