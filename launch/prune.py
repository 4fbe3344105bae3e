"""Takes the least important channels out of a network's bottleneck and writes a release to train on from.

python launch/prune.py runs/wide --channels 88 --output pruned/
tracknet train tracknet_nano --init-from pruned/ --optimizer.lr 3e-4 --steps 900 --data.source CLIPS --workdir runs/nano
"""

import sys
from pathlib import Path
from typing import Annotated

import tyro

from tracknet_jax.models.pruning import prune_bottleneck
from tracknet_jax.releases.release import load_release, read_card, save_release
from tracknet_jax.utils.errors import entry_point


@entry_point("prune")
def main(checkpoint: Annotated[str, tyro.conf.Positional], channels: int, output: Path) -> None:
    """Prunes the bottleneck of a network.

    Args:
        checkpoint: release or training run
        channels: that stay in the last level
        output: where the release goes
    """
    release = load_release(checkpoint)
    config, variables = prune_bottleneck(release.config, release.variables, channels)
    save_release(output, config, variables, read_card(checkpoint))


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
