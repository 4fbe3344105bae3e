"""The package's version."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("tracknet-jax")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
