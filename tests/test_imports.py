"""Which room of the package may import which, read from the source: the data flow that README's tree promises."""

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tracknet_jax"


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py")) if "_bundled" not in path.parts}


def imported(path: Path) -> Iterator[str]:
    """The modules that a file names in its import statements, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)


IMPORTS = {name: set(imported(path)) for name, path in MODULES.items()}


def room(module: str) -> str:
    """The folder below the package that a module lies in."""
    return module.split(".")[1] if "." in module else ""


def own_imports(module: str) -> set[str]:
    return {other for other in IMPORTS[module] if other in MODULES and other != module}


def test_every_import_of_the_package_finds_a_module():
    others = (
        path for folder in ("tests", "tools", "configs", "launch") for path in (ROOT / folder).rglob("*.py")
    )
    for path in [*MODULES.values(), *others]:
        unknown = {
            name for name in imported(path) if name.split(".")[0] == "tracknet_jax" and name not in MODULES
        }
        assert not unknown, path


def test_modules_form_no_circle():
    without_faces = {name for name in MODULES if MODULES[name].name != "__init__.py"}
    TopologicalSorter({name: own_imports(name) & without_faces for name in without_faces}).prepare()


def test_rooms_form_no_circle():
    rooms: dict[str, set[str]] = {}
    for name in MODULES.keys() - {
        "tracknet_jax"
    }:  # the face imports on first use, and nobody imports the face
        rooms.setdefault(room(name), set()).update(
            {room(other) for other in own_imports(name)} - {room(name)}
        )
    TopologicalSorter(rooms).prepare()


def test_models_import_jax_flax_and_each_other():
    allowed = {"jax", "flax", "numpy", *sys.stdlib_module_names}
    for name in MODULES:
        if room(name) == "models":
            outside = {other for other in IMPORTS[name] if room(other) != "models" or other not in MODULES}
            outside = {other for other in outside if other.split(".")[0] not in allowed}
            # The one word of the project that a config needs: how it says that a value cannot be.
            assert outside <= {"tracknet_jax.utils.errors"}, name


def test_nothing_imports_the_command_line():
    for name in MODULES:
        if room(name) != "cli":
            assert not {other for other in own_imports(name) if room(other) == "cli"}, name


def test_utilities_know_nothing_of_balls():
    for name in MODULES:
        if room(name) == "utils":
            assert {room(other) for other in own_imports(name)} <= {"utils"}, name


def test_only_the_face_lies_at_the_top():
    assert [path.name for path in PACKAGE.glob("*.py")] == ["__init__.py"]


def test_folders_are_small_and_say_what_they_are_for():
    for folder in {path.parent for path in MODULES.values()}:
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= 16, folder
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text())), folder


def test_no_two_files_have_one_name():
    names = [
        path.name
        for path in MODULES.values()
        if path.name != "__init__.py" and room(module_name(path)) != "cli"
    ]
    assert sorted(set(names)) == sorted(names)
