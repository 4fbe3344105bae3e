"""The exception for wrong input, and how a command reports it: in one line."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

P = ParamSpec("P")


class UserError(Exception):
    """The user's input cannot be used.

    The message is one line: what is wrong, where, and what to do. The command line prints it without a traceback
    and exits with code 2.
    """


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its type's name where it has none: for a message of one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def entry_point(name: str) -> Callable[[Callable[P, int | None]], Callable[P, int]]:
    """Decorates the main function of the command `name`, so that it returns an exit code.

    The code is what the function returns, 0 for None. A `UserError` becomes one line on stderr and code 2, Ctrl-C
    code 130.
    """

    def decorate(main: Callable[P, int | None]) -> Callable[P, int]:
        @functools.wraps(main)
        def run(*args: P.args, **kwargs: P.kwargs) -> int:
            try:
                return main(*args, **kwargs) or 0
            except UserError as error:
                print(f"{name}: error: {error}", file=sys.stderr)
                return 2
            except KeyboardInterrupt:
                print(f"{name}: interrupted", file=sys.stderr)
                return 130

        return run

    return decorate
