"""How much of the devices' memory decoded frames may take."""

import math

import jax

from tracknet_jax.training.cluster.processes import least_of_all
from tracknet_jax.training.train_config import DataConfig

SHARE = 0.5  # of what is free; the rest is for the state, the activations and the batch


def frames_room(config: DataConfig) -> float:
    """Bytes of each device's memory for frames: `data.device_memory`, or half of what is free on the fullest.

    The same on every process: the fullest device of all. Infinite where a device does not tell, as CPUs, which read
    them from the file.
    """
    if config.device_memory is not None:
        return config.device_memory * 1e9
    return least_of_all(SHARE * min(map(_free, jax.local_devices())))


def _free(device: jax.Device) -> float:
    stats = device.memory_stats() or {}
    if "bytes_limit" not in stats:
        return math.inf
    return stats["bytes_limit"] - stats["bytes_in_use"]
