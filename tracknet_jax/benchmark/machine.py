"""The machine and the versions that measured figures belong to."""

import os
import platform
from pathlib import Path
from typing import Any

import jax

from tracknet_jax.utils.threads import cores
from tracknet_jax.utils.version import __version__


def machine() -> dict[str, Any]:
    """Devices, processor, load and versions, as plain values."""
    devices = jax.local_devices()
    return {
        "backend": jax.default_backend(),
        "device": devices[0].device_kind,
        "devices": len(devices),
        "processor": _processor(),
        "cores": cores(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "jax": jax.__version__,
        "tracknet_jax": __version__,
    }


def _processor() -> str:
    """The maker's name for it where Linux gives one, otherwise the architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
