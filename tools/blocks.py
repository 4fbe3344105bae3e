"""The part of a document that a command writes."""

from pathlib import Path
from typing import NamedTuple

from tracknet_jax.utils.errors import UserError
from tracknet_jax.utils.files import replacing


class Block(NamedTuple):
    """The part of a document between two comments."""

    begin: str
    end: str

    def replace(self, path: Path, text: str | None) -> None:
        """Puts `text` into the block of a document; None only looks whether it has one.

        Raises:
            UserError: the document cannot be read, or does not hold both comments, once each and in order.
        """
        try:
            before, begin, rest = path.read_text(encoding="utf-8").partition(self.begin)
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from error
        _, end, after = rest.partition(self.end)
        if not (begin and end) or self.begin in rest or self.end in after:
            raise UserError(
                f"{path}: expected one block for the results, between {self.begin} and {self.end}"
            )
        if text is not None:
            with replacing(path) as partial:
                partial.write_text(f"{before}{self.begin}\n{text}\n{self.end}{after}", encoding="utf-8")
