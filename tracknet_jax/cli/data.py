"""`tracknet data`: build a dataset of labelled clips, inspect one, or track one to train a rectifier on."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from tracknet_jax.cli.options import split_by_or_runs
from tracknet_jax.data.splits import SplitBy
from tracknet_jax.utils.errors import UserError

Format = Literal["auto", "tennis", "shuttlecock", "normalised", "clips288"]


@dataclass(frozen=True)
class Build:
    """Build a TFDS dataset, one record a frame, from a folder of labelled clips.

    example:
      tracknet data build matches/ --output datasets/matches --split-by match
    """

    source: tyro.conf.Positional[Path]
    """Folder of labelled clips."""
    output: Path
    """Folder of the dataset, for `tfds.builder_from_directory`."""
    format: Format = "auto"
    """Layout of the source; auto recognises it."""
    size: str = "512x288"
    """Size of the stored frames, WIDTHxHEIGHT, or native."""
    split_by: SplitBy = "layout"
    """Splits by the folders' names, every tenth match or clip as val, or a published split."""
    overwrite: bool = False
    """Replace the dataset in the output folder."""

    def run(self) -> None:
        """Runs the command."""
        from tracknet_jax.cli.progress import progress_bar
        from tracknet_jax.data.formats import find_clips
        from tracknet_jax.data.splits import assign_splits
        from tracknet_jax.data.tfds.build import build_dataset

        size = parse_size(self.size)
        clips = assign_splits(find_clips(self.source, self.format), self.split_by)
        labelled = sum(len(clip.labels) for clip in clips if clip.labels is not None)
        with progress_bar() as progress:
            task = progress.add_task("frames", total=labelled)
            frames = build_dataset(
                clips,
                self.output,
                size=size,
                overwrite=self.overwrite,
                on_frame=lambda: progress.advance(task),
            )
        for split, count in frames.items():
            print(f"{split}: {count:,} frames of {sum(clip.split == split for clip in clips)} clips")
        print(f"{self.output}: {sum(frames.values()):,} frames of {len(clips)} clips")
        if "val" not in frames:
            print(
                "nothing to validate on: --split-by match or clip holds some out, --overwrite builds it again"
            )


@dataclass(frozen=True)
class Inspect:
    """Show what is in a folder of labelled clips or a built dataset, and what is wrong with it.

    example:
      tracknet data inspect matches/ --sheet labels.png --json report.json
    """

    source: tyro.conf.Positional[Path]
    """Folder of labelled clips, or a built dataset."""
    format: Format = "auto"
    """Layout of the source; auto recognises it."""
    sheet: Path = Path("labels.png")
    """Picture to write: labels drawn on their frames."""
    json: Path | None = None
    """File to write: a report of every clip."""

    def run(self) -> None:
        """Runs the command."""
        from tracknet_jax.cli.progress import progress_bar
        from tracknet_jax.data.inspection.contact_sheet import contact_sheet
        from tracknet_jax.data.inspection.inspect import inspect
        from tracknet_jax.data.inspection.inspect_report import print_reports, write_json
        from tracknet_jax.utils.images import check_picture_name, write_picture

        check_picture_name(self.sheet)
        with progress_bar("clips") as progress:
            task = progress.add_task("clips", total=None)
            reports, tiles = inspect(
                self.source, self.format, lambda total: progress.update(task, total=total, advance=1)
            )
        print_reports(reports)
        write_picture(self.sheet, contact_sheet(tiles))
        print(f"{self.sheet}: {len(tiles)} labels drawn on their frames")
        if self.json is not None:
            write_json(self.json, reports)


@dataclass(frozen=True)
class Trajectories:
    """Track the labelled clips of every split, and write tracks and labels to train a rectifier on.

    example:
      tracknet data trajectories --checkpoint tracknet_nano --data clips/ --output trajectories/
      tracknet train inpaintnet --data.source trajectories/
    """

    data: Path
    """Folder of labelled clips in any known layout, or a TFDS directory."""
    output: Path
    """Folder for clips.csv and one CSV file a clip."""
    checkpoint: str = "tracknet_nano"
    """Release name, or directory of a release or training run."""
    format: Format = "auto"
    """Layout of the data; auto recognises it."""
    split_by: SplitBy | None = None
    """Every tenth match or clip as val, or a published split; default: the split of the run, or of the data."""
    overlap: Literal["none", "average", "weighted"] = "weighted"
    """Windows that a frame's map comes from: one, or all, averaged."""

    def run(self) -> None:
        """Runs the command."""
        from tracknet_jax.cli.progress import progress_bar
        from tracknet_jax.evaluation.footage import find_footage
        from tracknet_jax.evaluation.score_release import track_trajectories
        from tracknet_jax.rectification.trajectories import write_trajectories
        from tracknet_jax.releases.release import load_release
        from tracknet_jax.tracking.track_options import TrackOptions
        from tracknet_jax.tracking.tracker import Tracker

        tracker = Tracker(load_release(self.checkpoint), TrackOptions(self.overlap))
        by = split_by_or_runs(self.split_by, self.checkpoint, self.data, self.format)
        clips = find_footage(self.data, self.format, split_by=by)
        frames: Counter[str] = Counter()
        with progress_bar("clips") as progress:
            tracked = progress.track(track_trajectories(tracker, clips), len(clips), description="tracking")
            for trajectory in write_trajectories(self.output, tracked):
                frames[trajectory.split] += len(trajectory)
        for split, count in frames.items():
            print(f"{split}: {count:,} frames")
        print(f"{self.output}: {sum(frames.values()):,} frames of {len(clips)} clips")


def main(argv: list[str]) -> int:
    """Runs the command and returns the exit code."""
    command = tyro.extras.subcommand_cli_from_dict(
        {"build": Build, "inspect": Inspect, "trajectories": Trajectories},
        args=argv,
        prog="tracknet data",
        description="Datasets of labelled clips: build one, inspect one, track one.",
    )
    command.run()
    return 0


def parse_size(text: str) -> tuple[int, int] | None:
    """(width, height) for "512x288", None for "native"; raises `UserError` for other text."""
    if text == "native":
        return None
    width, by, height = text.lower().partition("x")
    if not (by and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise UserError(f"size {text!r}: give WIDTHxHEIGHT, as 512x288, or native")
    return int(width), int(height)
