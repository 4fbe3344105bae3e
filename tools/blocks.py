"""The part of a document that a command writes."""

from pathlib import Path
from typing import NamedTuple

from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing


class Block(NamedTuple):
    """The part of a document between two comments."""

    begin: str
    end: str

    def read(self, path: Path) -> str:
        """The text of the block in a document.

        Raises:
            UserError: the document cannot be read, or does not hold both comments, once each and in order.
        """
        return self._parts(path)[1]

    def replace(self, path: Path, text: str) -> None:
        """Puts `text` into the block of a document; raises `UserError` as `read` does."""
        before, _, after = self._parts(path)
        with replacing(path) as partial:
            partial.write_text(f"{before}{self.begin}\n{text}\n{self.end}{after}", encoding="utf-8")

    def _parts(self, path: Path) -> tuple[str, str, str]:
        """What is before, in and after the block."""
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from error
        before, begin, rest = text.partition(self.begin)
        inside, end, after = rest.partition(self.end)
        if not (begin and end) or self.begin in rest or self.end in after:
            raise UserError(f"{path}: expected one block, between {self.begin} and {self.end}")
        return before, inside, after
