"""Set-up shared by all tests: eight virtual CPU devices, one cache of compiled programs, real clips."""

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


def pytest_configure(config: pytest.Config) -> None:
    """Compiled programs go to pytest's cache folder: for this run's workers, the processes they start, the next run."""
    folder = str(config.cache.mkdir("jax"))
    os.environ["JAX_COMPILATION_CACHE_DIR"] = folder
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.3"
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real labelled clips, $TRACKNET_DATA or ../shared/data; tests are skipped without it."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("TRACKNET_DATA", beside))
    if not (root / "clips288" / "manifest.csv").is_file():
        pytest.skip("no real clips here (set TRACKNET_DATA)")
    return root


@pytest.fixture(scope="module")
def quick_compiling():
    """A module's programs are compiled without most optimizations: small ones run no slower and are ready sooner."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
