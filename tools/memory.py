"""What a process holds while it tracks a long video: a short one repeated, without encoding it anew.

    tracknet demo --output demo
    python tools/memory.py demo/rally.mp4 --frames 20000

Prints the resident memory at every twentieth of the frames. Needs PyAV and psutil (`pip install '.[dev]'`).
"""

import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tracknet_jax.releases.release import load_release
from tracknet_jax.tracking.outputs import OutputFiles, track_to_files
from tracknet_jax.tracking.tracker import Tracker
from tracknet_jax.tracks.track import Row
from tracknet_jax.utils.errors import UserError, entry_point
from tracknet_jax.video.readers import open_frames


@dataclass(frozen=True)
class MemoryArgs:
    """Track a short video repeated to many frames, and tell the memory held."""

    video: Annotated[Path, tyro.conf.Positional]
    """what is repeated"""
    frames: int = 20_000
    """how many to track"""
    checkpoint: str = "tracknet_nano"
    """name or folder of a release or run"""
    overlay: bool = False
    """write the overlay video, too"""


@entry_point("memory")
def main() -> None:
    """Runs the command."""
    args = tyro.cli(MemoryArgs)
    if not args.video.is_file():
        raise UserError(f"{args.video}: no such video file")
    with tempfile.TemporaryDirectory() as folder:
        long = repeated(args.video, Path(folder) / f"long{args.video.suffix}", args.frames)
        watch(args, long, Path(folder))


def watch(args: MemoryArgs, video: Path, folder: Path) -> None:
    """Tracks the first frames of `video` and prints the resident memory on the way."""
    import psutil

    process = psutil.Process()
    tracker = Tracker(load_release(args.checkpoint))
    files = OutputFiles.of(folder, "long", video=args.overlay, picture=False)
    began, every, held = time.perf_counter(), max(1, args.frames // 20), []
    print(" frames      MiB  frames/s")

    def tell(row: Row) -> None:
        if (row.frame + 1) % every == 0:
            held.append(process.memory_info().rss / 2**20)
            speed = (row.frame + 1) / (time.perf_counter() - began)
            print(f"{row.frame + 1:7d}  {held[-1]:7.0f}  {speed:8.1f}", flush=True)

    with closing(open_frames(video, end=args.frames, order="bgr")) as frames:
        track = track_to_files(tracker, frames, video, files, tell)
    print(f"{len(track)} frames; from the first tenth to the last row: {held[-1] - held[1]:+.0f} MiB")


def repeated(source: Path, target: Path, frames: int) -> Path:
    """Writes the packets of `source` to `target` again and again, until it has at least `frames` pictures."""
    import av

    written, offset = 0, 0
    with av.open(str(target), "w") as out:
        stream = None
        while written < frames:
            with av.open(str(source)) as container:
                video = container.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                end = offset
                for packet in container.demux(video):
                    if packet.dts is None or packet.pts is None:  # the empty one that ends the stream
                        continue
                    end = max(end, offset + packet.pts + (packet.duration or 0))
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    packet.stream = stream
                    out.mux(packet)
                    written += 1
                offset = end
    return target


if __name__ == "__main__":
    sys.exit(main())
