"""The data files that come with the ``lifetimes`` distribution."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from importlib.resources.readers import MultiplexedPath
from importlib.util import find_spec
from pathlib import Path

from evergreen.errors import MissingExtraError


def data_file(name: str) -> Traversable:
    """Return a data file of the lifetimes distribution, without importing the package.

    Parameters
    ----------
    name : str
        Name of the file.

    Returns
    -------
    Traversable

    Raises
    ------
    MissingExtraError
        If the package is not installed.
    """
    spec = find_spec("lifetimes")
    if spec is None or spec.submodule_search_locations is None:
        raise MissingExtraError(
            f"The data file {name} lies in the package lifetimes, which is not installed: pip install lifetimes."
        )
    return MultiplexedPath(*map(Path, spec.submodule_search_locations)).joinpath("datasets").joinpath(name)
