"""Set-up shared by all tests: eight virtual CPU devices, compiled programs kept between runs, real clips."""

import os
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import pytest
from absl import flags

# Before anything asks JAX for its devices.
jax.config.update("jax_num_cpu_devices", 8)

# Grain's worker processes refuse to start while the absl flags of the main program are unparsed.
if not flags.FLAGS.is_parsed():
    flags.FLAGS.mark_as_parsed()


@pytest.fixture(scope="session", autouse=True)
def _compilation_cache(pytestconfig: pytest.Config):
    """Compiled programs are kept in pytest's cache folder, which makes a second run much faster."""
    jax.config.update("jax_compilation_cache_dir", str(pytestconfig.cache.mkdir("jax")))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real labelled clips, $TRACKNET_DATA or ../shared/data; tests are skipped without it."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("TRACKNET_DATA", beside))
    if not (root / "clips288" / "manifest.csv").is_file():
        pytest.skip("no real clips here (set TRACKNET_DATA)")
    return root
