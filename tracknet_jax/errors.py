"""The one exception that means "the input is wrong", told to the user in one line."""


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one line that says what is wrong, where, and what to do. The command line prints it
    without a traceback and exits with code 2; Python callers catch it like any exception.
    """
