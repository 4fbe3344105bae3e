"""What becomes of the exceptions of a command."""

import pytest

from tracknet_jax.utils.errors import UserError, entry_point, first_line


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (UserError("a.mp4: no such video file"), 2, "forge: error: a.mp4: no such video file\n"),
        (KeyboardInterrupt(), 130, "forge: interrupted\n"),
    ],
)
def test_one_line_and_a_code(raised, code, told, capsys):
    @entry_point("forge")
    def main():
        raise raised

    assert main() == code
    assert capsys.readouterr() == ("", told)


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (1, 1)])
def test_what_is_returned(returned, code, capsys):
    assert entry_point("forge")(lambda given: given)(returned) == code
    assert capsys.readouterr() == ("", "")


def test_a_mistake_of_ours_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        entry_point("forge")(lambda: 1 / 0)()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("disk full\nat 0x7f"), "disk full"),
        (OSError(), "OSError"),
        (ValueError("x" * 300), "x" * 200),
    ],
)
def test_an_error_in_one_line(error, line):
    assert first_line(error) == line
