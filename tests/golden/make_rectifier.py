"""Cuts the golden files of the rectifier out of the full fixtures.

python tests/golden/make_rectifier.py FIXTURES_DIR
"""

import json
import sys
from pathlib import Path

import numpy as np


def main(fixtures: Path) -> None:
    """Writes the network's forward pass, and the mask rule and the pipelines."""
    here = Path(__file__).parent
    with np.load(fixtures / "v3_inpaintnet.npz") as full:
        meta = json.loads(str(full["meta"]))
        cases = {
            f"{case}/{k}": full[f"{case}/{k}"] for case in ("L16", "L37") for k in ("coor", "mask", "output")
        }
    kept = json.dumps({key: meta[key] for key in ("seed", "source", "tensors")})
    np.savez_compressed(here / "v3_inpaintnet.npz", meta=kept, **cases)
    with np.load(fixtures / "inpaint.npz") as full:
        np.savez_compressed(here / "inpaint.npz", **full)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
