"""YOLO's label files and COCO's results as predictions: which frame, which box, which pixel, and wrong files."""

import json

import numpy as np
import pytest

from tests.helpers.labelled_clips import SIZE
from tracknet_jax.evaluation.footage import of_files
from tracknet_jax.evaluation.others.detections import (
    BoxOptions,
    find_yolo,
    read_coco,
    read_yolo,
    track_of_boxes,
)
from tracknet_jax.evaluation.others.predictions import score_predictions
from tracknet_jax.scoring.metrics import Counts
from tracknet_jax.scoring.protocols import protocol
from tracknet_jax.utils.errors import UserError


def normalised(x, y, box=4):
    """A box around a ball whose pixel centres are whole numbers, as YOLO divides it."""
    return (x + 0.5) / SIZE[0], (y + 0.5) / SIZE[1], box / SIZE[0], box / SIZE[1]


def write_yolo(path, *boxes):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "".join(
            " ".join(f"{value:g}" if isinstance(value, int) else f"{value:.6f}" for value in box) + "\n"
            for box in boxes
        )
    )


def write_truth(folder, clip, name, category=0):
    """A label file for each frame with a ball, as the detectors write them: none where nothing is found."""
    for frame, (x, y) in zip(clip.labels.frame.tolist(), clip.labels.xy.tolist(), strict=True):
        if np.isfinite(x):
            write_yolo(folder / name(frame), (category, *normalised(x, y), 0.9))


def counts(clips, path, **boxes):
    footage = [of_files(clip) for clip in clips]
    scores = score_predictions(footage, path, protocol("default"), boxes=BoxOptions(**boxes))
    return {score.clip.name: score.counts for score in scores}


TRUTH = {"game1/Clip1": Counts(tp=10), "match1/rally1": Counts(tp=4, tn=1, ignored=1)}


@pytest.mark.parametrize("folder", ["{}/labels", "{}"])
def test_a_folder_a_clip_named_as_its_images(clips, tmp_path, folder):
    for clip in clips:
        write_truth(tmp_path / "yolo" / folder.format(clip.name), clip, "{:04d}.txt".format)
    assert counts(clips, tmp_path / "yolo") == TRUTH


@pytest.mark.parametrize("folder", ["labels", "."])
def test_one_folder_for_all_clips(clips, tmp_path, folder):
    for clip in clips:
        stem = clip.name.replace("/", "_")
        write_truth(tmp_path / "yolo" / folder, clip, lambda frame, stem=stem: f"{stem}_{frame}.txt")
    assert counts(clips, tmp_path / "yolo") == TRUTH


def test_frames_of_a_video_are_numbered_from_1(clips, tmp_path):
    write_truth(tmp_path / "yolo" / "Clip1", clips[0], lambda frame: f"Clip1_{frame + 1}.txt")
    assert counts(clips[:1], tmp_path / "yolo", first_frame=1) == {"game1/Clip1": Counts(tp=10)}
    footage = of_files(clips[0])
    video = type(footage)(
        type(clips[0])("v", tmp_path / "v.mp4", clips[0].labels), footage.size, footage.frames
    )
    boxes = {1: read_yolo(tmp_path / "yolo/Clip1/Clip1_1.txt", SIZE)}
    assert track_of_boxes(video, boxes, BoxOptions(), "here").frame.tolist() == [0]
    with pytest.raises(UserError, match="here: v has no frame named 0; see --first-frame"):
        track_of_boxes(video, {0: boxes[1]}, BoxOptions(), "here")


def test_the_surest_box_of_the_class_counts(clips, tmp_path):
    file = tmp_path / "0003.txt"
    write_yolo(
        file, (32, *normalised(20, 30), 0.4), (32, *normalised(50, 60), 0.8), (0, *normalised(5, 5), 0.9)
    )
    boxes = {3: read_yolo(file, SIZE)}
    track = track_of_boxes(of_files(clips[0]), boxes, BoxOptions(category=32), "here")
    assert track.frame.tolist() == [3]
    np.testing.assert_allclose(track.xy, [(50, 60)], atol=1e-3)
    np.testing.assert_allclose(track.confidence, [0.8])
    with pytest.raises(UserError, match="here: boxes of the classes 0, 32; choose one with --box-class"):
        track_of_boxes(of_files(clips[0]), boxes, BoxOptions(), "here")


def test_without_confidences(tmp_path):
    write_yolo(tmp_path / "1.txt", (0, *normalised(20, 30)))
    assert read_yolo(tmp_path / "1.txt", SIZE)[0].score == 1


@pytest.mark.parametrize(
    "line", ["0 0.5 0.5 0.1", "ball 0.5 0.5 0.1 0.1", "0 640 360 8 8 0.9", "0 0.5 nan 0.1 0.1"]
)
def test_a_line_that_is_no_box(tmp_path, line):
    (tmp_path / "7.txt").write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")
    with pytest.raises(UserError, match=r"7\.txt, line 2: '.*'; expected class cx cy w h"):
        read_yolo(tmp_path / "7.txt", SIZE)


def test_numbers_come_in_natural_order(tmp_path):
    for number in (1, 2, 10):
        write_yolo(tmp_path / f"a_b_{number}.txt")
    write_yolo(tmp_path / "a_b_c_3.txt")
    assert list(find_yolo(tmp_path, ["nothing", "a_b"])) == [1, 2, 10]


def test_a_clip_without_boxes(clips, tmp_path):
    write_truth(tmp_path / "yolo" / "game1_Clip1", clips[0], "{}.txt".format)
    with pytest.raises(
        UserError, match=r"no boxes for clip match1/rally1; expected names as match1_rally1_12"
    ):
        counts(clips, tmp_path / "yolo")
    footage = [of_files(clip) for clip in clips]
    scores = score_predictions(footage, tmp_path / "yolo", protocol("default"), allow_missing_rows=True)
    assert [score.counts for score in scores] == [Counts(tp=10), Counts(tn=1, fn=4, ignored=1)]


def coco(clip, name):
    return [
        {"image_id": name(frame), "category_id": 1, "bbox": [x - 1.5, y - 2.5, 4, 6], "score": 0.5}
        for frame, (x, y) in zip(clip.labels.frame.tolist(), clip.labels.xy.tolist(), strict=True)
        if np.isfinite(x)
    ]


def test_coco_results(clips, tmp_path):
    file = tmp_path / "results.json"
    entries = [
        entry
        for clip in clips
        for entry in coco(clip, lambda frame, clip=clip: f"{clip.name.replace('/', '_')}_{frame}")
    ]
    file.write_text(json.dumps(entries))
    assert counts(clips, file) == TRUTH
    file.write_text(json.dumps(coco(clips[0], int)))  # of one clip: image ids that are frame numbers
    assert counts(clips[:1], file) == {"game1/Clip1": Counts(tp=10)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{", "cannot be read as JSON"),
        ('{"annotations": []}', r"entry 0: KeyError 'bbox'; expected image_id"),
        ('[{"image_id": 1, "category_id": 0, "bbox": [1, 2, 3], "score": 1}]', "entry 0: ValueError"),
    ],
)
def test_wrong_json(tmp_path, text, message):
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(UserError, match=message):
        read_coco(tmp_path / "results.json")
