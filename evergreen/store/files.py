"""Files: written whole or not at all, and read with the reason why not."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from evergreen.errors import SavedFileError, SavedFileNotFoundError
from evergreen.store.document import dumps, loads


def save(thing: Any, path: str | os.PathLike[str]) -> None:
    """Write an object to a file that :func:`load` reads, now and in later versions.

    Parameters
    ----------
    thing : object
        A model, a fit, histories, a segment map or a measure; one that is not fitted is saved as its settings.
    path : str or path-like
        File to write or replace. It is replaced in one step once all is written: whatever happens, the file is the
        old one or the new one.

    Raises
    ------
    InputTypeError
        If it is no object that can be saved, or a part of it is not.
    OSError
        If the file cannot be written.

    Notes
    -----
    The file is plain JSON. A model keeps parameters and no data; purchase and spend histories are data, without
    names.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from evergreen import BGNBD, load, save
    >>> with TemporaryDirectory() as folder:
    ...     save(BGNBD(0.243, 4.414, 0.793, 2.426), Path(folder) / "model.json")
    ...     load(Path(folder) / "model.json")
    BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    """
    text = dumps(thing)
    with whole_file(Path(path)) as unfinished, unfinished.open("w", encoding="ascii", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def load(path: str | os.PathLike[str]) -> Any:
    """Return the object in a file that :func:`save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file, of this version of evergreen or of an older one.

    Returns
    -------
    object
        Equal to the one that was saved, to the last bit.

    Raises
    ------
    SavedFileNotFoundError
        If there is no such file.
    SavedFileError
        If it is damaged, is another kind of file, or was written by a newer version; the message says which.

    Examples
    --------
    >>> load("no such file.json")
    Traceback (most recent call last):
    evergreen.errors.SavedFileNotFoundError: There is no file 'no such file.json' to load.
    """
    source = os.fspath(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SavedFileNotFoundError(f"There is no file {source!r} to load.") from None
    except UnicodeDecodeError:
        raise SavedFileError(f"{source!r}: This is no text: it is damaged or another kind of file.") from None
    try:
        return loads(text)
    except SavedFileError as error:
        raise SavedFileError(f"{source!r}: {error}") from error


@contextmanager
def whole_file(out: Path) -> Generator[Path]:
    """Lend a temporary name beside a file, and give it the real one when all is written.

    Parameters
    ----------
    out : Path
        File to write or replace; where it is a link, the file that it leads to.

    Yields
    ------
    Path
        Write here; removed if something goes wrong.
    """
    target = out.resolve()
    unfinished = target.parent / f".{target.stem}.{uuid4().hex}{target.suffix}"
    try:
        yield unfinished
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
