"""Sources: folders and built datasets give the same frames, splits are found, wrong ones are told."""

import math
from dataclasses import replace
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from tests.helpers.tiny_training import MODEL, tiny_config
from tracknet_jax.training.input import frame_cache
from tracknet_jax.training.input.batch_sources import open_training, resident_budget_bytes
from tracknet_jax.training.step import step_keys, window_keys
from tracknet_jax.training.train_config import DataConfig
from tracknet_jax.training.validation import validation_clips
from tracknet_jax.utils.errors import UserError


def config_for(*sources, **changes):
    config = tiny_config()
    return replace(config, data=replace(config.data, source=tuple(map(str, sources)), **changes))


def test_a_folder_and_its_dataset_are_the_same(clips, dataset, tmp_path):
    folder = open_training(config_for(clips), tmp_path / "a").next()
    built = open_training(config_for(dataset), tmp_path / "b").next()
    for name in folder:
        np.testing.assert_array_equal(folder[name], built[name])
    assert folder["frames"].shape == (24, MODEL.height, MODEL.width, 3)
    assert open_training(config_for(clips), tmp_path / "a").windows == 2 * (12 - 2)
    assert open_training(config_for(clips, stride=5), tmp_path / "a").windows == 2 * 2


def test_splits_can_be_joined(clips, dataset, tmp_path):
    for i, source in enumerate((clips, dataset)):
        assert open_training(config_for(source, train_split="train+val"), tmp_path / str(i)).windows == 3 * 10


def test_validation_clips_carry_labels_in_pixels_of_the_model(clips, tmp_path):
    (clip,) = validation_clips(frame_cache.cached_frames(config_for(clips), tmp_path, "val"))
    assert clip.sport == "tennis"
    assert list(clip.visibility) == [1, 1, 1, 1, 0, *[1] * 7]
    for i in (0, 11):
        x, y = clip.xy[i].astype(int)
        assert clip.frames[i, y, x].min() > 200  # the white dot
    assert np.isnan(clip.xy[4]).all()


SPORTS = {"tennis": 1.0}


@pytest.mark.parametrize("built", [True, False])
def test_streamed_windows_are_those_that_are_drawn_on_the_device(clips, dataset, tmp_path, built, caplog):
    """The same ones, so with the same distribution; from the records of a dataset, or the file of decoded frames."""
    config = config_for(dataset if built else clips, workers=0, sport_weights=SPORTS)
    resident = open_training(config, tmp_path)
    assert not caplog.records
    streamed = open_training(config, tmp_path, room=1e4)
    assert streamed.draw is None
    assert "each of 8 devices here has room for 0.0" in caplog.text
    assert len(caplog.records) == 1
    assert streamed.windows == resident.windows
    streamed.begin(3, 8)
    draw = jax.jit(resident.draw)
    for step in range(3, 8):
        keys = window_keys(step_keys(jax.random.key(config.seed), step)[0], np.arange(config.batch_size))
        drawn = draw(resident.next(), keys)
        batch = streamed.next()
        assert batch.keys() == drawn.keys()
        for name, x in drawn.items():
            np.testing.assert_array_equal(batch[name], np.asarray(x))


def test_the_digest_tells_other_windows_but_not_another_pipeline(clips, dataset, tmp_path):
    def digest(*sources, **changes):
        return open_training(config_for(*sources, workers=0, **changes), tmp_path / "run").digest

    same = {
        digest(clips),
        digest(dataset),
        digest(clips, pipeline="grain"),
        digest(dataset, pipeline="grain"),
    }
    assert len(same) == 1
    other = {digest(clips, stride=2), digest(clips, dataset), digest(clips, train_split="val")}
    assert len(other | same) == 4


def test_frames_are_sharded_where_a_copy_does_not_fit(clips, tmp_path):
    size = 24 * MODEL.height * MODEL.width * 3
    for room, sharded in ((size, False), (size - 1, True), (size / 8, True)):
        source = open_training(config_for(clips), tmp_path, room)
        assert source.draw is not None
        assert source.sharded == sharded
    assert open_training(config_for(clips), tmp_path, size / 8 - 1).draw is None


def test_every_device_needs_room_for_all_backgrounds(clips, tmp_path):
    image = MODEL.height * MODEL.width * 3
    config = replace(config_for(clips), model=replace(MODEL, motion="none", background="concat"))
    for room, sharded in ((26, False), (25, True), (5, True)):  # 24 frames of 2 clips, 8 devices
        source = open_training(config, tmp_path, room * image)
        assert source.draw is not None
        assert source.sharded == sharded
    for room in (4.9, 1):
        assert open_training(config, tmp_path, room * image).draw is None


def test_the_budget_for_resident_frames(monkeypatch):
    assert resident_budget_bytes(DataConfig(device_memory=1.5)) == 1.5e9
    assert resident_budget_bytes(DataConfig()) == math.inf  # a CPU does not tell
    free = {"bytes_limit": 100, "bytes_in_use": 20}, {"bytes_limit": 100, "bytes_in_use": 40}
    devices = [SimpleNamespace(memory_stats=lambda stats=stats: stats) for stats in free]
    monkeypatch.setattr(jax, "local_devices", lambda: devices)
    assert resident_budget_bytes(DataConfig()) == 30
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    others = np.array([[24.0], [math.inf]])
    gathered = "tracknet_jax.training.cluster.processes.multihost_utils.process_allgather"
    monkeypatch.setattr(gathered, lambda mine: np.concatenate([others.view(mine.dtype), mine[None]]))
    assert resident_budget_bytes(DataConfig()) == 24
    others[0] = 50
    assert resident_budget_bytes(DataConfig()) == 30


def test_decoded_frames_can_be_shared(clips, tmp_path):
    config = config_for(clips, cache=str(tmp_path / "shared"))
    open_training(config, tmp_path / "a")
    (kept,) = (tmp_path / "shared").iterdir()
    before = (kept / "frames.u8").stat().st_mtime_ns
    open_training(config, tmp_path / "b")
    assert (kept / "frames.u8").stat().st_mtime_ns == before
    assert not (tmp_path / "a").exists()


def test_runs_that_decode_into_one_folder_at_once_have_whole_frames(clips, tmp_path, monkeypatch):
    config = config_for(clips, cache=str(tmp_path / "shared"))
    decode, second = frame_cache.read_records, []

    def interrupted(*arguments):
        for number, example in enumerate(decode(*arguments)):
            if number == 20:  # the whole second run while the first is writing
                monkeypatch.setattr(frame_cache, "read_records", decode)
                second.append(open_training(config, tmp_path / "b").next()["frames"])
            yield example

    monkeypatch.setattr(frame_cache, "read_records", interrupted)
    first = open_training(config, tmp_path / "a").next()["frames"]
    alone = open_training(config_for(clips), tmp_path / "c").next()["frames"]
    np.testing.assert_array_equal(first, alone)
    np.testing.assert_array_equal(second[0], alone)
    (kept,) = (tmp_path / "shared").iterdir()
    assert {file.name for file in kept.iterdir()} == {"frames.u8", "frames.json", "index.npz"}


def test_without_a_layout_split_a_match_is_held_out(clips, tmp_path):
    for game in ("game1", "game2"):
        (tmp_path / "flat").mkdir(exist_ok=True)
        (tmp_path / "flat" / game).symlink_to(next(clips.glob(f"*/{game}")))
    config = config_for(tmp_path / "flat")
    assert open_training(config, tmp_path / "run").windows == 20  # the two clips of game 1
    assert (
        len(validation_clips(frame_cache.cached_frames(config, tmp_path / "run", config.data.val_split))) == 1
    )


def test_what_to_do_without_validation_clips_depends_on_the_source(clips, dataset, tmp_path):
    """A built dataset keeps the splits that it was built with."""
    for sources, hint in (
        ((dataset,), "build the dataset again with --split-by match or clip"),
        ((clips, dataset), r"set data\.split_by to match or clip"),
    ):
        with pytest.raises(UserError, match=rf"no clip with split 'test'; {hint} to hold some out"):
            frame_cache.cached_frames(config_for(*sources, split_by="layout"), tmp_path, "test")


@pytest.mark.parametrize("pipeline", ["resident", "grain"])
def test_backgrounds_are_the_clips_medians_and_kept_beside_the_frames(
    dataset, tmp_path, pipeline, monkeypatch
):
    config = config_for(dataset, pipeline=pipeline, workers=0)
    config = replace(config, model=replace(MODEL, motion="none", background="concat"))
    source = open_training(config, tmp_path)
    frames = open_training(config_for(dataset), tmp_path / "plain").next()["frames"].reshape(2, 12, 32, 64, 3)
    expected = np.floor(np.median(frames, axis=1))
    (kept,) = tmp_path.glob("frames/*/backgrounds.npy")
    np.testing.assert_array_equal(np.load(kept), expected)
    if pipeline == "grain":
        source.begin(0, 1)
        batch = source.next()
        clip = np.abs(batch["background"][:, None] - expected).max((2, 3, 4)).argmin(1)
        assert set(clip.tolist()) == {0, 1}
        np.testing.assert_array_equal(batch["background"], expected[clip])
        assert np.isin(batch["frames"][:, 0].sum((1, 2, 3)), frames.sum((2, 3, 4))[clip]).all()
    monkeypatch.setattr("tracknet_jax.training.input.frame_cache.clip_background", None)  # not needed again
    open_training(config, tmp_path)


def test_validation_clips_have_the_background_of_their_clip(clips, tmp_path):
    config = replace(config_for(clips), model=replace(MODEL, motion="none", background="concat"))
    resident = frame_cache.cached_frames(config, tmp_path, config.data.val_split)
    (clip,) = validation_clips(resident)
    np.testing.assert_array_equal(clip.background, np.floor(np.median(clip.frames, axis=0)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "shuttlecock"}, "no labelled clips found"),
        ({"format": "mpeg"}, "unknown format 'mpeg'"),
        ({"train_split": "test"}, "no clip with split 'test'"),
    ],
)
def test_wrong_sources(clips, tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        open_training(config_for(clips, **changes), tmp_path)


@pytest.mark.parametrize("pipeline", ["grain", "resident"])
def test_a_dataset_of_another_size(dataset, tmp_path, pipeline):
    config = replace(config_for(dataset, pipeline=pipeline, workers=0), model=replace(MODEL, height=64))
    with pytest.raises(UserError, match="its frames are"):
        open_training(config, tmp_path)
