"""Configs: JSON and back, preset files, and everything that is told before anything compiles."""

import json
from dataclasses import replace

import pytest

from tests.helpers.tiny_training import tiny_config
from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.data.augment.mixup import MixupConfig
from tracknet_jax.models.registry import preset
from tracknet_jax.training.config_checks import check_config
from tracknet_jax.training.presets import bundled_names, load_config, run_name
from tracknet_jax.training.train_config import (
    EvalConfig,
    LossConfig,
    OptimizerConfig,
    ScheduleConfig,
    TrainConfig,
    flatten,
)
from tracknet_jax.utils.errors import UserError


@pytest.mark.parametrize("name", sorted(set(bundled_names()) - {"inpaintnet"}))  # see test_rectifier
def test_bundled_presets_are_sound(name, tmp_path):
    config = load_config(name)
    config = replace(config, data=replace(config.data, source=(str(tmp_path),)), batch_size=8, init_from=None)
    check_config(config)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_expected_presets_are_there():
    names = {"tracknet_v2:tennis", "tracknet_v4:tennis", "tracknet_v5:tennis", "tracknet_v2:shuttlecock"}
    assert names | {"tracknet_nano", "tracknet_v5", "smallest"} <= set(bundled_names())


def test_flat_names_are_those_of_the_command_line():
    flat = flatten(tiny_config().to_dict())
    assert flat["optimizer.schedule.name"] == "constant"
    assert flat["data.sport_weights"] == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"optimiser": {}}, "unknown field 'optimiser'"),
        ({"optimizer": {"name": "sgd"}}, "optimizer.name: 'sgd' is not one of adamw, adam, adadelta"),
        ({"data": {"augment": {"cropp": 1}}}, "config.data.augment: unknown field 'cropp'"),
        ({"optimizer": 3}, "config.optimizer: expected named fields"),
    ],
)
def test_wrong_json(values, message):
    with pytest.raises(UserError, match=message):
        TrainConfig.from_dict(values)


def test_configs_of_version_0_4_0_are_read():
    values = tiny_config().to_dict()
    values["data"] |= {"hard_examples": None, "hard_share": 0.5}
    assert TrainConfig.from_dict(json.loads(json.dumps(values))) == tiny_config()
    values["data"]["hard_examples"] = "scores.json"  # no such run can go on as it was
    with pytest.raises(UserError, match=r"config\.data: unknown field 'hard_examples'"):
        TrainConfig.from_dict(values)


def optimizer(**changes):
    return {"optimizer": OptimizerConfig(**changes)}


def data(**changes):
    return {"data": replace(tiny_config().data, source=(".",), **changes)}


def mixup(**changes):
    return data(mixup=MixupConfig(**changes))


def augment(**changes):
    return data(augment=AugmentConfig(**changes))


def crop(height, width):
    return augment(crop=(height, width))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 12}, "not divisible by the 8 devices"),
        ({"accumulation": 0}, "accumulation is 0"),
        ({"accumulation": 3}, "in 3 parts .* not divisible by the 8 devices"),
        ({"steps_per_dispatch": 0}, "steps_per_dispatch is 0"),
        ({"steps_per_dispatch": 2}, "steps is 5: it must be a multiple of steps_per_dispatch, 2"),
        ({"steps_per_dispatch": 5, "log_every": 3}, "log_every is 3: it must be a multiple"),
        ({"max_skipped": 0}, "max_skipped is 0"),
        ({"epochs": 1.0}, "exactly one of steps and epochs"),
        ({"steps": None}, "exactly one of steps and epochs"),
        ({"steps": -1}, "must be above 0"),
        ({"ema_decay": 1.0}, "ema_decay is 1.0"),
        ({"log_every": 0}, "log_every is 0"),
        ({"evaluation": EvalConfig(every=-1)}, "evaluation.every is -1"),
        (optimizer(lr=0.0), "optimizer.lr is 0.0"),
        (optimizer(schedule=ScheduleConfig("step", milestones=(20, 25))), "fractions of the run"),
        (crop(15, 32), "data.augment.crop 15x32 must be divisible by 2"),
        (crop(64, 64), "larger than the model's input 32x64"),
        ({"model": preset("tracknet_v5")} | crop(144, 256), "train it without a crop"),
        ({"model": preset("tracknet_v2_keras")} | crop(144, 256), "train it without a crop"),
        (mixup(sample=-1.0), "data.mixup.sample is -1.0"),
        (mixup(sample=float("nan")), "data.mixup.sample is nan"),
        (data(sport_weights={"tennis": -1.0}), "data.sport_weights: tennis has -1.0: it must be 0 or more"),
        (data(sport_weights={"tennis": float("nan")}), "data.sport_weights: tennis has nan"),
        (data(sport_weights={"tennis": float("inf")}), "data.sport_weights: tennis has inf"),
        (data(sport_weights={"tennis": 0.0, "padel": 0.0}), "data.sport_weights: all are 0"),
        (augment(flip=7.0), "data.augment.flip is 7.0: it must lie between 0 and 1"),
        (augment(jpeg=-3.0), "data.augment.jpeg is -3.0"),
        (augment(paste=9.0), "data.augment.paste is 9.0"),
        (augment(ball_crop=float("nan")), "data.augment.ball_crop is nan"),
        (augment(shift=-0.1), "data.augment.shift is -0.1: it must be 0 or more"),
        (augment(brightness=-0.1), "data.augment.brightness is -0.1"),
        (augment(scale=(0.0, 1.0)), "data.augment.scale is 0.0 to 1.0: it must go from above 0 upwards"),
        (augment(scale=(1.2, 0.8)), "data.augment.scale is 1.2 to 0.8"),
        (augment(scale=(1.0, float("nan"))), "data.augment.scale is 1.0 to nan"),
        ({"model": preset("tracknet_v1")} | mixup(sample=0.5), "learns classes, which cannot be mixed"),
        ({"model": preset("tracknet_v2_3to1")} | mixup(frame=0.5), "no map for every frame"),
        (
            {"model": preset("tracknet_v2"), "loss": LossConfig(variation_penalty=1.0)},
            "no two motion maps to compare",
        ),
        ({"data": replace(tiny_config().data, source=())}, "no data"),
        ({"data": replace(tiny_config().data, source=("/nope",))}, "/nope: no such folder"),
    ],
)
def test_wrong_configs(changes, message, tmp_path):
    good = tiny_config(data=replace(tiny_config().data, source=(str(tmp_path),)))
    check_config(good)
    with pytest.raises(UserError, match=message):
        check_config(replace(good, **changes))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "no function get_config"),
        ("def get_config(): return 3\n", "it is of type int, not a TrainConfig"),
        ("def get_config():\n    return 1 / 0\n", "ZeroDivisionError"),
        ("def get_config():\n    return {}['lr']\n", "KeyError: 'lr'"),
        ("def get_config(:\n", "SyntaxError"),
        ("VARIANTS = ['a', 'b']\n", "AttributeError"),
        (
            "from tracknet_jax.models.registry import preset\ndef get_config(): return preset('tracknet_v9')\n",
            "unknown model 'tracknet_v9'",
        ),
    ],
)
def test_wrong_preset_files(text, message, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(UserError, match=message):
        load_config(str(file))


def test_variants_of_a_file_of_ones_own(tmp_path):
    file = tmp_path / "mine.py"
    head = "from tracknet_jax.training.presets import load_config\n"
    file.write_text(
        f"{head}VARIANTS = {{'a': load_config('smallest'), 'b': load_config('tracknet_v2:tennis')}}\n"
    )
    assert load_config(f"{file}:a") == load_config("smallest")
    assert load_config(f"{file}:b") == load_config("tracknet_v2:tennis")
    assert run_name(f"{file}:b") == "mine_b"
    assert run_name(str(file)) == "mine"
    with pytest.raises(UserError, match=r"no variant 'c'; known are a, b$"):
        load_config(f"{file}:c")
    with pytest.raises(UserError, match=r"add a variant after a colon; known are a, b$"):
        load_config(str(file))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tracknet_v1", "add a variant after a colon; known are tennis"),
        ("tracknet_v1:clay", "no variant 'clay'; known are tennis"),
        ("tracknet_v1_clay", "no variant 'clay'; known are tennis"),
        ("configs/tracknet_v1.py:clay", "no variant 'clay'; known are tennis"),
        ("smallest:tennis", "no variant 'tennis'; known are none"),
    ],
)
def test_a_missing_variant_names_the_known(name, message):
    with pytest.raises(UserError) as error:
        load_config(name)
    assert str(error.value) == f"config {name}: {message}"


@pytest.mark.parametrize(
    "name",
    [
        "tracknet_v4:tennis_clip_level",
        "configs/tracknet_v4.py:tennis_clip_level",
        "tracknet_v4_tennis_clip_level",  # as its runs are called, and as it was called in version 0.4.0
        "configs/tracknet_v4_tennis_clip_level.py",
    ],
)
def test_spellings_of_a_variant(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_config(name)
    assert (config.model.name, config.data.split_by) == ("tracknet_v4_official", "tennis_clip_level")
    assert run_name(name) == "tracknet_v4_tennis_clip_level"


def test_an_unknown_preset_names_the_known():
    with pytest.raises(UserError, match="tracknet_nano"):
        load_config("tracknet_v9")


@pytest.mark.parametrize("path", ["tracknet_nano", "configs/tracknet_nano.py", "./configs/tracknet_nano.py"])
def test_a_bundled_preset_is_found_from_anywhere(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config(path).model.name == "tracknet_nano"


@pytest.mark.parametrize(
    "path", ["foo/tracknet_nano.py:a", "/configs/tracknet_nano.py", "foo/tracknet_nano", "tracknet_nano.py"]
)
def test_a_mistyped_path_is_not_another_recipe(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=f"no config {path!r}"):
        load_config(path)
