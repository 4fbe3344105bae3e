"""Scores a checkpoint on labelled clips; the same as `tracknet evaluate`.

python launch/evaluate.py --checkpoint runs/v5 --data clips/ --split val
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from a checkout that is not installed

from tracknet_jax.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
