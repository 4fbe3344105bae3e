"""Scores a checkpoint on labelled clips; the same as `tracknet evaluate`.

python launch/evaluate.py --checkpoint runs/v5 --data clips/ --split val
"""

import sys

from tracknet_jax.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
