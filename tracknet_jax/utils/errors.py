"""The one exception that means "the input is wrong", and how a command tells it: in one line."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

P = ParamSpec("P")


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one line that says what is wrong, where, and what to do. The command line prints it
    without a traceback and exits with code 2; Python callers catch it like any exception.
    """


def entry_point(name: str) -> Callable[[Callable[P, int | None]], Callable[P, int]]:
    """Makes a function the main function of the command `name`: it returns an exit code.

    A `UserError` becomes one line on stderr and code 2, Ctrl-C 130; what returns nothing went well, 0.
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
