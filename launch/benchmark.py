"""The same as `tracknet benchmark`, for launchers that start a file.

python launch/benchmark.py --models tracknet_v5 --tasks inference train --batches 8 32
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from a checkout that is not installed

from tracknet_jax.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["benchmark", *sys.argv[1:]]))
