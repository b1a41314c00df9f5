"""``python -m evergreen``: score the customers of a log in files, or see a demonstration."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Final

from evergreen.cli.arguments import parsed
from evergreen.cli.commands import run
from evergreen.cli.complaints import one_line, sentence
from evergreen.errors import EvergreenWarning

BAD_INPUT: Final = 2
"""Exit code when something is wrong with the input."""
INTERRUPTED: Final = 130
"""Exit code after an interruption, as shells expect it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process by default.

    Returns
    -------
    int
        0 if all went well, 2 if something is wrong with the input, 130 after an interruption.
    """
    code, said, complaint = 0, "", None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", EvergreenWarning)
        try:
            said = run(parsed(argv, prog=_program()), sys.stderr)
        except KeyboardInterrupt:
            code, complaint = INTERRUPTED, "Interrupted; nothing was written."
        except SystemExit as leaving:  # --help and --version have printed what they have to say
            code = leaving.code if isinstance(leaving.code, int) else 0
        except Exception as error:
            code, complaint = BAD_INPUT, sentence(error)
            if complaint is None:  # a fault of the program: its traceback is wanted
                raise
    for warning in caught:
        print(f"evergreen: note: {one_line(str(warning.message))}", file=sys.stderr)
    if complaint is not None:
        print(f"evergreen: {complaint}", file=sys.stderr)
    _print(said)
    return code


def _print(said: str) -> None:
    """Print the summary; who reads it may stop before its end."""
    try:
        if said:
            print(said, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to flush at exit


def _program() -> str:
    """Return how the program was called."""
    return "python -m evergreen" if sys.argv[0].endswith("__main__.py") else "evergreen"


if __name__ == "__main__":
    sys.exit(main())
