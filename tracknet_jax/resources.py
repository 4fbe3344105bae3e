"""Where `configs/` and `datasets/` are: inside the installed package, or at the top of a checkout."""

from pathlib import Path
from typing import Literal

PACKAGE = Path(__file__).resolve().parent


def resource_folder(name: Literal["configs", "datasets"]) -> Path:
    """The folder `name`, as the wheel carries it or as it lies in the repository."""
    bundled = PACKAGE / "_bundled" / name
    return bundled if bundled.is_dir() else PACKAGE.parent / name
