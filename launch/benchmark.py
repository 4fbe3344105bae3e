"""Measures this machine; the same as `tracknet benchmark`.

python launch/benchmark.py --models tracknet_v5 --tasks inference train --batches 8 32
"""

import sys

from tracknet_jax.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["benchmark", *sys.argv[1:]]))
