"""Small labelled clips and prediction files on disk, for the tests of evaluation."""

import cv2
import numpy as np

from tracknet_jax.data.clips import Clip, Labels
from tracknet_jax.evaluation.clip_score import ClipScore
from tracknet_jax.evaluation.footage import Footage
from tracknet_jax.scoring.metrics import FN, FP1, TP

SIZE = (128, 72)  # a quarter of the protocols' 512x288: 1 px here are 4 px there


def make_clip(folder, name, xy, visibility, sport="tennis", size=SIZE):
    """A clip of PNG frames with a white dot at each located ball; `xy` has NaN rows."""
    folder = folder / name
    folder.mkdir(parents=True)
    files = []
    for number, (x, y) in enumerate(xy):
        frame = np.full((size[1], size[0], 3), 30, np.uint8)
        if np.isfinite(x):
            cv2.circle(frame, (round(x), round(y)), 2, (255, 255, 255), -1)
        files.append(folder / f"{number:04d}.png")
        cv2.imwrite(str(files[-1]), frame)
    labels = Labels(np.arange(len(xy)), np.asarray(xy, np.float32), np.asarray(visibility, np.uint8))
    return Clip(name, tuple(files), labels, sport, "val")


def flight(count, start=(20.0, 20.0), step=(6.0, 3.0)):
    """Positions (count, 2) on a line."""
    return np.asarray(start) + np.arange(count)[:, None] * np.asarray(step)


def write_csv(path, rows, header="Frame,Visibility,X,Y"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))


def true_rows(clip):
    """Rows that repeat the labels, 0,0 where there is no position, as the public trackers write them."""
    return [
        (n, 1, x, y) if np.isfinite(x) else (n, 0, 0, 0)
        for n, (x, y) in zip(clip.labels.frame, clip.labels.xy.tolist(), strict=True)
    ]


def clip_score(name, codes, distance, visibility=None, sport=""):
    """A scored clip by hand: truth at (50, 50) of a 512x288 source wherever the code speaks of a ball."""
    codes, distance = np.array(codes, np.uint8), np.array(distance, float)
    truth = np.where(np.isin(codes, (TP, FP1, FN))[:, None], 50.0, np.nan)
    return ClipScore(
        footage=Footage(Clip(name, (), None, sport), (512, 288), lambda: iter(())),
        frame=np.arange(len(codes)),
        visibility=np.array(visibility or [1] * len(codes), np.uint8),
        predicted=truth + np.stack([distance, 0 * distance], -1),
        truth=truth,
        confidence=np.linspace(0.9, 0.6, len(codes)),
        codes=codes,
        distance=distance,
    )
