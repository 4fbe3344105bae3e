"""The `tracknet` command: finds the subcommand and runs it."""

import importlib
import os
import sys

from platformdirs import user_cache_dir

from tracknet_jax.utils.errors import UserError, entry_point
from tracknet_jax.utils.version import __version__

# Name: one line for the overview. The module of the same name holds `main(argv) -> exit code`; it is
# imported only when asked for, so that `tracknet --help` does not wait for JAX.
COMMANDS = {
    "demo": "render a rally, track it with the shipped checkpoint, score it",
    "track": "video in, CSV and overlay video out",
    "train": "train a config; the same command resumes",
    "evaluate": "score a checkpoint, or another tracker's CSV, YOLO or COCO files",
    "calibrate": "make a checkpoint's confidences mean what they say",
    "convert": "read other projects' weights, or write weights for them",
    "export": "write a network as one file for other runtimes: StableHLO, ONNX, TFLite",
    "benchmark": "measure speed, latency, memory and share of the peak on this machine",
    "models": "list the networks: parameters, GMACs, input, paper",
    "data": "build or inspect a dataset, or track one to train a rectifier",
}


def overview() -> str:
    """The text of `tracknet --help`."""
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {name:<{width}}  {line}" for name, line in COMMANDS.items())
    return (
        "usage: tracknet COMMAND [options]\n\nFind the ball in every frame of a sports video.\n\n"
        f"commands:\n{rows}\n\nexample:\n  tracknet track match.mp4 --output out/\n\n"
        "`tracknet COMMAND --help` shows the options of one command."
    )


@entry_point("tracknet")
def main(argv: list[str]) -> int:
    """Runs one command line (without the program's name) and returns the exit code."""
    if not argv or argv[0] in ("-h", "--help"):
        print(overview())
        return 0
    if argv[0] == "--version":
        print(f"tracknet-jax {__version__}")
        return 0
    name, rest = argv[0], argv[1:]
    if name not in COMMANDS:
        raise UserError(f"unknown command {name!r}: choose from {', '.join(COMMANDS)}")
    return importlib.import_module(f"tracknet_jax.cli.{name}").main(rest)


def run() -> None:
    """Entry point of the installed command; compiled programs are kept in the user's cache folder."""
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", user_cache_dir("tracknet-jax"))
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` for example, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor does Python's own flush complain
        code = 141
    sys.exit(code)
