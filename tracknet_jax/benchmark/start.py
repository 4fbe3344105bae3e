"""Start-up: `tracknet track` in a process of its own, from its start to the rows of one step."""

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from tracknet_jax.benchmark.benchmark_config import Case
from tracknet_jax.benchmark.workload import Work, Workload
from tracknet_jax.releases.release import Release, save_release
from tracknet_jax.utils.errors import UserError
from tracknet_jax.video.readers import open_frames

COMMAND = "from tracknet_jax.cli.main import run; run()"


def starting(case: Case, release: Release, video: Path, folder: Path) -> Workload:
    """Programs come from a cache on disk that the first process fills; its time counts as compile time.

    Raises `UserError` when the process fails, with the last line it wrote.
    """
    weights = folder / f"network-{case.dtype}"
    save_release(weights, release.config, release.variables)
    frames = case.batch * release.config.outputs
    with closing(open_frames(video)) as reader:
        end = str(frames / reader.fps)  # seconds, as a fraction
    options = ["--checkpoint", str(weights), "--end", end, "--batch-size", str(case.batch)]
    files = ["--output", str(folder / "started"), "--no-video", "--no-picture"]
    cache = {"JAX_COMPILATION_CACHE_DIR": str(folder / f"cache-{case.dtype}-{case.batch}")}

    def start() -> None:
        command = [sys.executable, "-c", COMMAND, "track", str(video), *options, *files]
        ended = subprocess.run(command, env=os.environ | cache, capture_output=True, text=True)
        if ended.returncode:
            raise UserError(
                f"benchmark: a process that tracks failed: {ended.stderr.strip().splitlines()[-1]}"
            )

    began = time.perf_counter()
    start()
    return Workload(start, Work(case.batch, frames, compile_seconds=time.perf_counter() - began))
