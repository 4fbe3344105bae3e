"""The readers: every format gives the arrays that were written, and a file cannot make Python do anything."""

import io
import json
import os
import pickle
import struct
import sys
import zipfile
from argparse import Namespace
from collections import Counter, OrderedDict, defaultdict
from pathlib import PosixPath
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest

from tests.helpers.torch_writer import Tensor, pickled, save_legacy, save_zip
from tracknet_jax.convert import unpickling
from tracknet_jax.convert.reading import read_checkpoint
from tracknet_jax.convert.safetensors_files import write_safetensors
from tracknet_jax.convert.torch_files import write_torch
from tracknet_jax.utils.errors import UserError

RNG = np.random.default_rng(0)
SHARED = RNG.normal(size=40).astype(np.float32)
ARRAYS = {
    "a.weight": RNG.normal(size=(4, 3, 2, 2)).astype(np.float32),
    "half": RNG.normal(size=5).astype(np.float16),
    "brain": RNG.normal(size=5).astype(ml_dtypes.bfloat16),
    "double": RNG.normal(size=(2, 3)),
    "counts": np.arange(4),
    "flags": np.array([True, False]),
    "scalar": np.float32(0.25),
    "empty": np.zeros((0, 3), np.float32),
    "transposed": SHARED[2:14].reshape(4, 3).T,
    "part": SHARED[4::2].reshape(2, 9)[:, 1:4],
    "expanded": np.broadcast_to(SHARED[7], (5,)),
}
VIEWS = {
    "transposed": Tensor(SHARED, 2, (3, 4), (1, 3)),
    "part": Tensor(SHARED, 6, (2, 3), (18, 2)),
    "expanded": Tensor(SHARED, 7, (5,), (0,)),
}
STORED = {name: VIEWS.get(name) or Tensor.of(array) for name, array in ARRAYS.items()}


def assert_arrays(found: dict[str, np.ndarray], expected=ARRAYS) -> None:
    assert sorted(found) == sorted(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("save", [save_zip, save_legacy])
def test_torch_dtypes_and_views(save, tmp_path):
    save(tmp_path / "weights.pth.tar", STORED)
    found = read_checkpoint(tmp_path / "weights.pth.tar").tensors
    assert_arrays(found)
    assert list(found) == list(ARRAYS)  # in the order of the file


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda weights: {"model": weights, "epoch": 3}, id="model"),
        pytest.param(lambda weights: {"state_dict": weights}, id="state_dict"),
        pytest.param(
            lambda weights: {"loss": Tensor.of(SHARED), "model_state_dict": weights}, id="beside a tensor"
        ),
        pytest.param(lambda weights: {f"module.{name}": x for name, x in weights.items()}, id="DataParallel"),
        pytest.param(
            lambda weights: {"net": {f"_orig_mod.module.{n}": x for n, x in weights.items()}}, id="compiled"
        ),
        pytest.param(
            lambda weights: weights | {"bn.num_batches_tracked": Tensor.of(np.array(7))}, id="counter"
        ),
    ],
)
def test_wherever_a_trainer_puts_the_weights(wrap, tmp_path):
    save_zip(tmp_path / "run.pt", wrap(OrderedDict(STORED)))
    assert_arrays(read_checkpoint(tmp_path / "run.pt").tensors)


def test_what_a_trainer_stores_beside_the_weights(tmp_path):
    beside = {"max_val_acc": np.float64(0.9), "param_dict": {"seq_len": 8, "bg_mode": "concat", "seed": 13}}
    beside |= {"losses": np.array([0.5, 0.25]), "args": Namespace(lr=1e-3), "milestones": Counter([20, 25])}
    beside |= {"save_dir": PosixPath("exp"), "best": defaultdict(list, f1=[0.5])}
    optimizer = {"state": {0: {"exp_avg": Tensor.of(SHARED)}}, "param_groups": [{"lr": 1e-3, "params": [0]}]}
    save_zip(tmp_path / "run.pt", {"model": STORED, "optimizer": optimizer, **beside})
    checkpoint = read_checkpoint(tmp_path / "run.pt")
    assert_arrays(checkpoint.tensors)
    assert checkpoint.notes == {"seq_len": 8, "bg_mode": "concat"}


@pytest.mark.parametrize("module", ["pathlib", "pathlib._local"])  # before and since Python 3.13
def test_paths_of_another_python_are_read(module, tmp_path, monkeypatch):
    monkeypatch.setattr(PosixPath, "__module__", module)
    monkeypatch.setitem(sys.modules, "pathlib._local", sys.modules["pathlib"])
    save_zip(tmp_path / "run.pt", {"model": STORED, "save_dir": PosixPath("exp")})
    with zipfile.ZipFile(tmp_path / "run.pt") as archive:
        (pickled_tree,) = (archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    assert f"c{module}\nPosixPath\n".encode() in pickled_tree
    assert_arrays(read_checkpoint(tmp_path / "run.pt").tensors)


class Command:
    """Unpickled the usual way, makes the folder `path`."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("save", [save_zip, save_legacy])
@pytest.mark.parametrize(
    "hide", [lambda x: {"w": Tensor.of(SHARED), "x": x}, lambda x: x], ids=["beside", "alone"]
)
def test_a_malicious_pickle_does_not_run(save, hide, tmp_path):
    target = tmp_path / "broken_into"
    save(tmp_path / "evil.pth", hide(Command(target)))
    with pytest.raises(
        UserError, match=rf"evil.pth: asks Python for {os.mkdir.__module__}.mkdir.*nothing was run"
    ):
        read_checkpoint(tmp_path / "evil.pth")
    assert not target.exists()
    pickle.loads(pickle.dumps(Command(target)))  # the same object, trusted: it was loaded
    assert target.exists()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x80\x02cbuiltins\neval\nX\x03\x00\x00\x001+1\x85R.", id="eval"),
        pytest.param(b"\x80\x04\x8c\x05torch\x8c\x0f_utils.os.system\x93.", id="dotted name"),
        pytest.param(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2.__globals__\n.", id="globals"),
        pytest.param(b"\x80\x02\x82\x01.", id="extension registry"),
    ],
)
def test_no_way_to_another_callable(content, tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.pt", "w") as archive:
        archive.writestr("evil/data.pkl", content)
    with pytest.raises(UserError, match=r"evil.pt: (asks Python for|damaged)"):
        read_checkpoint(tmp_path / "evil.pt")


@pytest.mark.parametrize(
    "name",
    [
        "argparse\nNamespace",
        "collections\nOrderedDict",
        "torch\nFloatStorage",
        "torch\nSize",
        "torch._utils\n_rebuild_tensor_v2",
    ],
)
def test_a_pickle_cannot_change_the_reader(name, tmp_path):
    """The opcode BUILD, given a pair, sets attributes of what a name stands for: `stain = True`."""
    with zipfile.ZipFile(tmp_path / "evil.pt", "w") as archive:
        archive.writestr("evil/data.pkl", b"\x80\x02c%s\nN}X\x05\x00\x00\x00stain\x88s\x86b." % name.encode())
    with pytest.raises(UserError, match="damaged, or not what it seems"):
        read_checkpoint(tmp_path / "evil.pt")
    known = [OrderedDict, *vars(unpickling).values()]
    assert not any(hasattr(x, "stain") for x in known)


@pytest.mark.parametrize(
    "tensor",
    [
        pytest.param(Tensor(SHARED, 0, (41,), (1,)), id="longer"),
        pytest.param(Tensor(SHARED, 30, (2, 6), (6, 1)), id="offset"),
        pytest.param(Tensor(SHARED, 10, (3,), (-2,)), id="backwards"),
        pytest.param(Tensor(SHARED, -4, (3,), (1,)), id="before"),
    ],
)
def test_a_view_outside_its_storage_reads_no_foreign_memory(tensor, tmp_path):
    save_zip(tmp_path / "evil.pt", {"w": tensor})
    with pytest.raises(UserError, match=r"evil.pt: damaged.*outside its storage of 40"):
        read_checkpoint(tmp_path / "evil.pt")


def test_what_is_written_can_be_read(tmp_path):
    weights = {name: array for name, array in ARRAYS.items() if array.dtype == np.float32}
    write_torch(tmp_path / "w.pt", {"model": weights, "param_dict": {"seq_len": 3, "bg_mode": ""}})
    write_safetensors(tmp_path / "w.safetensors", weights, {"seq_len": 3, "bg_mode": ""})
    torch_file, safe_file = (read_checkpoint(tmp_path / name) for name in ("w.pt", "w.safetensors"))
    assert_arrays(torch_file.tensors, weights)
    assert_arrays(safe_file.tensors, weights)
    assert torch_file.notes == {"seq_len": 3, "bg_mode": ""}
    assert safe_file.notes == {"seq_len": 3, "bg_mode": ""}


def test_torch_itself_reads_what_is_written(tmp_path):
    torch = pytest.importorskip("torch")
    weights = {name: array for name, array in ARRAYS.items() if array.dtype == np.float32}
    write_torch(tmp_path / "w.pt", {"model": weights})
    for name, tensor in torch.load(tmp_path / "w.pt", weights_only=True)["model"].items():
        np.testing.assert_array_equal(tensor.numpy(), weights[name])


def test_safetensors_of_every_dtype(tmp_path):
    """Written by hand after the format's description."""
    names = {"float16": "F16", "bfloat16": "BF16", "float64": "F64", "int64": "I64", "bool": "BOOL"}
    arrays = {name: x for name, x in ARRAYS.items() if str(x.dtype) in names}
    header, data = {}, b""
    for name, array in arrays.items():
        span = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": names[str(array.dtype)], "shape": array.shape, "data_offsets": span}
        data += array.tobytes()
    head = json.dumps(header).encode()
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + data)
    assert_arrays(read_checkpoint(tmp_path / "w.safetensors").tensors, arrays)


def test_npz_with_notes(tmp_path):
    np.savez(tmp_path / "w.npz", **{"conv2d/kernel": SHARED, "seq_len": 8, "bg_mode": "subtract"})
    checkpoint = read_checkpoint(tmp_path / "w.npz")
    assert_arrays(checkpoint.tensors, {"conv2d/kernel": SHARED})
    assert checkpoint.notes == {"seq_len": 8, "bg_mode": "subtract"}


def keras_layers() -> list[tuple[str, list[tuple[str, np.ndarray]]]]:
    """A model's layers as a second model of a session has them: its numbers do not begin at nought."""
    convolution, norm = ("kernel", "bias"), ("gamma", "beta", "moving_mean", "moving_variance")
    layers = []
    for i in range(11):  # so that numbers and the alphabet disagree
        for name, weights in ((f"conv2d_{18 + i}", convolution), (f"batch_normalization_{17 + i}", norm)):
            layers.append((name, [(weight, RNG.normal(size=3).astype(np.float32)) for weight in weights]))
    layers.append(("motion_prompt_layer_1", [("a", np.float32(0.1)), ("b", np.float32(0.2))]))
    return [("activation_9", []), *layers]


def fresh_names(layers) -> dict[str, np.ndarray]:
    names = [f"{kind}{f'_{i}' if i else ''}" for i in range(11) for kind in ("conv2d", "batch_normalization")]
    weighted = [weights for _, weights in layers if weights]
    pairs = zip([*names, "motion_prompt_layer"], weighted, strict=True)
    return {f"{name}/{weight}": value for name, weights in pairs for weight, value in weights}


@pytest.mark.parametrize("whole", [False, True], ids=["weights", "model"])
def test_h5_of_keras_1_and_2(whole, tmp_path):
    h5py = pytest.importorskip("h5py")
    layers = keras_layers()
    with h5py.File(tmp_path / "model906_30", "w") as file:  # Keras itself wrote it without an ending
        root = file.create_group("model_weights") if whole else file
        if whole:
            file.attrs["model_config"] = json.dumps({"layers": [{"class_name": "FusionLayerTypeB"}]})
        root.attrs["layer_names"] = [name.encode() for name, _ in layers]
        for name, weights in layers:
            group = root.create_group(name)
            group.attrs["weight_names"] = np.array(
                [f"{name}/{weight}:0".encode() for weight, _ in weights], "S"
            )
            for weight, value in weights:
                group[f"{name}/{weight}:0"] = value
    checkpoint = read_checkpoint(tmp_path / "model906_30")
    assert_arrays(checkpoint.tensors, fresh_names(layers))
    assert checkpoint.notes == ({"fusion": "type_b"} if whole else {})


@pytest.mark.parametrize("root", ["layers", "_layer_checkpoint_dependencies"])
def test_keras_archive(root, tmp_path):
    h5py = pytest.importorskip("h5py")
    layers = keras_layers()
    weights_file = io.BytesIO()
    with h5py.File(weights_file, "w") as file:
        for name, weights in layers:
            group = file.create_group(f"{root}/{name}/vars")
            for i, (_, value) in enumerate(weights):
                group[str(i)] = value
        file["optimizer/vars/0"] = SHARED
        file["metrics/mean/vars/0"] = SHARED
    with zipfile.ZipFile(tmp_path / "model_final.keras", "w") as archive:
        archive.writestr("config.json", json.dumps({"layers": [{"class_name": "FusionLayerTypeA"}]}))
        archive.writestr("model.weights.h5", weights_file.getvalue())
    checkpoint = read_checkpoint(tmp_path / "model_final.keras")
    expected = fresh_names(layers)
    assert set(checkpoint.tensors) == set(expected)
    assert_arrays({name: checkpoint.tensors[name] for name in expected}, expected)
    assert checkpoint.notes == {"fusion": "eq4"}


def test_a_keras_layer_of_no_known_kind(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["layer_names"] = [b"lstm"]
        file.create_group("lstm").attrs["weight_names"] = [b"lstm/recurrent_kernel:0"]
        file["lstm/lstm/recurrent_kernel:0"] = SHARED
    with pytest.raises(
        UserError, match=r"w.h5: layer lstm \(recurrent_kernel\) is in no network of the family"
    ):
        read_checkpoint(tmp_path / "w.h5")


@pytest.mark.parametrize(
    ("layer", "kernel", "folder"),
    [
        pytest.param("layer_with_weights-{}", "kernel", None, id="Keras 2"),
        pytest.param("model/layer_with_weights-{}", "kernel", "saved_model.pb", id="SavedModel"),
        pytest.param("model/_operations/{}", "_kernel", "checkpoint", id="Keras 3"),
    ],
)
def test_tensorflow_variables(layer, kernel, folder, tmp_path, monkeypatch):
    """Names as TensorFlow 2.21 lists them, in an order of its own; a stand-in for the library reads them."""
    end = "/.ATTRIBUTES/VARIABLE_VALUE"
    stored = {f"{layer.format(number)}/{kernel}{end}": np.full(3, number) for number in (10, 9, 0)}
    stored |= {f"{layer.format(1)}/{name}{end}": np.zeros(2) for name in ("moving_variance", "beta", "gamma")}
    slot = f"{layer.format(0)}/{kernel}/.OPTIMIZER_SLOT/optimizer/accum_grad{end}"
    stored |= {
        slot: SHARED,
        f"optimizer/_learning_rate{end}": np.float32(1),
        f"save_counter{end}": np.int64(1),
    }
    reader = SimpleNamespace(get_variable_to_shape_map=lambda: stored, get_tensor=stored.__getitem__)
    opened = []
    load = SimpleNamespace(load_checkpoint=lambda prefix: opened.append(prefix) or reader)
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace(train=load))
    path = tmp_path / "ckpt-1"
    if folder:
        path.mkdir()
    (path / folder if folder else tmp_path / "ckpt-1.index").touch()
    found = read_checkpoint(path).tensors
    assert opened == [str(path / "variables" / "variables" if folder == "saved_model.pb" else path)]
    kernels = {name: x[0] for name, x in found.items() if "kernel" in name}
    assert kernels == {"conv2d/kernel": 0, "conv2d_1/kernel": 9, "conv2d_2/kernel": 10}
    norm = {"moving_variance", "beta", "gamma"}
    assert set(found) - set(kernels) == {f"batch_normalization/{name}" for name in norm}


@pytest.mark.parametrize(("missing", "name"), [("h5py", "w.h5"), ("tensorflow", "ckpt")])
def test_a_missing_library_is_named(missing, name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)  # importing it fails
    (tmp_path / "w.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "ckpt.index").touch()
    with pytest.raises(UserError, match=rf"{name}: .*need.* (h5py|TensorFlow)"):
        read_checkpoint(tmp_path / name)


def circle() -> dict:
    tree: dict = {}
    tree["model"] = tree
    return tree


DAMAGED = {
    "cut.pt": lambda path: (save_zip(path, STORED), path.write_bytes(path.read_bytes()[:-600])),
    "cut_legacy.pt": lambda path: (save_legacy(path, STORED), path.write_bytes(path.read_bytes()[:700])),
    "short_legacy.pt": lambda path: (save_legacy(path, STORED), path.write_bytes(path.read_bytes()[:-60])),
    "shorter_legacy.pt": lambda path: (save_legacy(path, STORED), path.write_bytes(path.read_bytes()[:-400])),
    "missing.pt": lambda path: zipfile.ZipFile(path, "w").writestr("missing/data.pkl", pickled(STORED)[0]),
    "numbers.pt": lambda path: save_zip(path, [1, 2]),
    "any.pkl": lambda path: path.write_bytes(pickle.dumps({"a": 1})),
    "cut.safetensors": lambda path: (
        write_safetensors(path, {"a": SHARED}, {}),
        path.write_bytes(path.read_bytes()[:-8]),
    ),
    "cut.h5": lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64)),
    "text.pth": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n"),
    "other.zip": lambda path: zipfile.ZipFile(path, "w").writestr("a.txt", "a"),
    "notes.npz": lambda path: np.savez(path, w=SHARED, seq_len=0),
    "none.pt": lambda path: save_zip(path, {"model": STORED, "param_dict": {"seq_len": None}}),
    "circle.pt": lambda path: save_zip(path, circle()),
    "objects.npz": lambda path: np.savez(path, a=np.array([{}], object)),
    "folder": lambda path: path.mkdir(),
    "nowhere.pt": lambda path: None,
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_told_in_one_line(name, tmp_path):
    DAMAGED[name](tmp_path / name)
    with pytest.raises(UserError, match=name) as told:
        read_checkpoint(tmp_path / name)
    assert "\n" not in str(told.value)
