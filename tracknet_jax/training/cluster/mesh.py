"""All devices of a run along one axis, and arrays on them."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

F = TypeVar("F", bound=Callable[..., Any])

AXIS = "data"  # the axis of devices, by which a step averages


def data_mesh() -> Mesh:
    """All devices along one axis, those of a process side by side: its part of a batch is one piece."""
    devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    return Mesh(np.array(devices), (AXIS,), axis_types=(AxisType.Auto,))


def all_devices() -> list[jax.Device]:
    """The devices in their order in the mesh."""
    return list(data_mesh().devices.flat)


def own_devices() -> list[jax.Device]:
    """Those of this process."""
    return [device for device in all_devices() if device.process_index == jax.process_index()]


def replicated(mesh: Mesh | None = None) -> NamedSharding:
    """A copy on every device."""
    return NamedSharding(mesh or data_mesh(), PartitionSpec())


def split(mesh: Mesh | None = None) -> NamedSharding:
    """The leading axis over the devices."""
    return NamedSharding(mesh or data_mesh(), PartitionSpec(AXIS))


def copied(whole: NamedSharding, x: Any) -> jax.Array:
    """One array on all devices, of what every process has: a host array, a replicated one, or typed keys."""
    if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(copied(whole, jax.random.key_data(x)))
    local = x.addressable_data(0) if isinstance(x, jax.Array) else x
    return jax.make_array_from_process_local_data(whole, local, local.shape)


def on_one_device(function: F) -> F:
    """A function that averages along `AXIS`, on the first device alone."""
    mesh = Mesh(np.array(jax.devices()[:1]), (AXIS,), axis_types=(AxisType.Auto,))
    whole = PartitionSpec()
    return jax.shard_map(function, mesh=mesh, in_specs=whole, out_specs=whole, check_vma=False)
