"""Foreign weights to a release, and a release to foreign weights."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tracknet_jax.convert.fitting import find_network
from tracknet_jax.convert.layouts import Layout, layouts_called, layouts_of
from tracknet_jax.convert.mapping import to_tensors, to_variables
from tracknet_jax.convert.reading import read_checkpoint
from tracknet_jax.convert.safetensors_files import write_safetensors
from tracknet_jax.convert.torch_files import write_torch
from tracknet_jax.releases.release import AnyConfig, load_any, save_release
from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing


class Imported(NamedTuple):
    """Weights in our form: the layout they came in, the network they are of, its variables."""

    layout: Layout
    config: AnyConfig
    variables: dict[str, Any]


def import_weights(path: Path, source: str = "auto", model: str | None = None) -> Imported:
    """Reads a checkpoint of any layout; `source` and `model` are those of `find_network`.

    Raises:
        UserError: the file cannot be read, or its tensors fit no layout.
    """
    checkpoint = read_checkpoint(path)
    layout, config = find_network(checkpoint, source, model, str(path))
    return Imported(layout, config, to_variables(layout.table(config), checkpoint.tensors))


def convert_to_release(path: Path, folder: Path, source: str = "auto", model: str | None = None) -> Imported:
    """Writes a checkpoint as the release `folder`, with a card that names its origin.

    Raises:
        UserError: as `import_weights`, or the folder cannot be written.
    """
    imported = import_weights(path, source, model)
    save_release(folder, imported.config, imported.variables, card(path, imported))
    return imported


def card(path: Path, imported: Imported) -> str:
    """The model card of a converted release."""
    layout, config, _ = imported
    return (
        f"# {config.name}\n\n{config.paper}.\n\n"
        f"Converted by `tracknet convert` from `{path.name}` (sha256 {fingerprint(path)}), "
        f"layout {layout.name}: a checkpoint of {layout.origin}.\n\n"
        "Nothing was trained or measured in converting it. Data, scores and licence are those of its origin.\n"
    )


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, or of all files of a TensorFlow checkpoint, in the order of their names."""
    if path.is_file():
        files = [path]
    else:
        files = sorted(path.rglob("*") if path.is_dir() else path.parent.glob(f"{path.name}.*"))
    digest = hashlib.sha256()
    for file in filter(Path.is_file, files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def export_weights(name_or_dir: str | Path, to: str, file: Path, source: str = "auto") -> Layout:
    """Writes a release as `torch` or `safetensors` file under a reference's tensor names; returns the layout.

    `source` names the layout; `auto` takes the first whose project has this network. A torch file is nested as the
    project's own scripts expect it.

    Raises:
        UserError: there is no such release, no project has its network, or the file cannot be written.
    """
    release = load_any(name_or_dir)
    fitting = layouts_of(release.config)
    layout = next((known for known in layouts_called(source) if known in fitting), None)
    if layout is None:
        names = " or ".join(known.name for known in fitting) or "no layout: no reference has just this"
        raise UserError(f"{name_or_dir}: {release.config.name} can be written as {names}")
    tensors = to_tensors(layout.table(release.config), release.variables)
    tensors |= {name: np.zeros(shape, np.float32) for name, shape in layout.unused}
    notes = layout.notes(release.config)
    with replacing(file) as partial:
        if to == "safetensors":
            write_safetensors(partial, tensors, notes)
        else:
            beside = {"param_dict": notes} if notes else {}
            write_torch(partial, {layout.wrapper: tensors, **beside} if layout.wrapper else tensors)
    return layout
