"""Surprises: who gets one, and who is left without to compare with."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final, Literal, final

import numpy as np

from evergreen.errors import DataWarning, InputTypeError, InvalidInputError
from evergreen.frames import plain_table
from evergreen.models.checks import check_number, check_share
from evergreen.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

_ARMS: Final = ("surprise", "hold-out")


@final
@dataclass(frozen=True, slots=True, eq=False)
class SurprisePicks:
    """Customers who were picked for a surprise.

    Attributes
    ----------
    customers : ndarray, shape (n,)
        Their ids, as they were given.
    rungs : ndarray of object, shape (n,)
        The rung of each.
    arms : ndarray of object, shape (n,)
        ``"surprise"``, or ``"hold-out"``: picked likewise, and left without. What surprises do is the difference.

    Examples
    --------
    >>> surprise(["ann", "bob", "eve"], ["loyal"] * 3, picks=2, salt="spring", holdout=0.5).to_frame()
      customer   rung       arm
    0      bob  loyal  hold-out
    1      ann  loyal  hold-out
    """

    customers: np.ndarray[Any, Any]
    rungs: np.ndarray[Any, Any]
    arms: np.ndarray[Any, Any]

    def __len__(self) -> int:
        """Return how many were picked, the hold-out included."""
        return len(self.customers)

    def to_frame(self) -> pd.DataFrame:
        """Return the picks as a table.

        Returns
        -------
        pandas.DataFrame
            ``customer``, ``rung``, ``arm``, rung by rung.
        """
        return plain_table({"customer": self.customers, "rung": self.rungs, "arm": self.arms})

    def counts(self) -> pd.DataFrame:
        """Return how many of each rung are in each arm.

        Returns
        -------
        pandas.DataFrame
            ``rung``, ``surprise``, ``hold-out``.
        """
        names = list(dict.fromkeys(self.rungs.tolist()))
        each = {arm: [int(((self.rungs == rung) & (self.arms == arm)).sum()) for rung in names] for arm in _ARMS}
        return plain_table({"rung": np.array(names, object), **{arm: np.array(n, np.int64) for arm, n in each.items()}})


def surprise(
    customers: Any, rungs: Any, *, picks: int | Mapping[str, int], salt: str, holdout: float = 0.2
) -> SurprisePicks:
    """Pick customers for a surprise, rung by rung, with some of them left without to compare with.

    Parameters
    ----------
    customers : sequence or column of any frame, shape (n,)
        Their ids: text or whole numbers, each once.
    rungs : sequence or column of any frame of str, shape (n,)
        The rung of each.
    picks : int or mapping of str to int
        How many in all, spread over the rungs as the customers are; or how many of each rung.
    salt : str
        Name of the campaign: with another one others are picked.
    holdout : float
        Probability of a customer to be left without, from 0 to 1.

    Returns
    -------
    SurprisePicks
        Rung by rung; the same for rows in any order and columns of any kind. The arm hangs on the id and the salt
        alone: in another base, beside other customers and on another rung, a customer has the same one. To pick more
        of a rung leaves those who were picked.

    Raises
    ------
    InputTypeError, InvalidInputError
        If ids are missing, not whole, or there twice, columns differ in length, or a rung of ``picks`` has nobody.

    Warns
    -----
    DataWarning
        If a rung has fewer customers than were wanted of it: all are picked.

    Notes
    -----
    A customer's arm is the first 8 bytes of the BLAKE2b hash (RFC 7693) of ``"arm"``, the salt and the id, read as a
    number from 0 to 1: below ``holdout`` he is left without. Who is picked comes first by a second hash, of ``"pick"``.
    The id 7 and the id "7" are different customers. As each arm is drawn by itself, their sizes vary by chance.

    Examples
    --------
    >>> ids, rungs = list(range(1, 1001)), ["loyal"] * 200 + ["repeat"] * 800
    >>> found = surprise(ids, rungs, picks=100, salt="spring 2027", holdout=0.3)
    >>> found.counts()
         rung  surprise  hold-out
    0   loyal        14         6
    1  repeat        63        17
    """
    ids = _column("customers", customers)
    names = _column("rungs", rungs).astype(object)
    if len(ids) != len(names):
        raise InvalidInputError(f"There are {len(ids):,} customers and {len(names):,} rungs: each has one.")
    if not all(isinstance(name, str) for name in names.tolist()):
        raise InputTypeError("rungs must be the names of rungs, for every customer.")
    if not isinstance(salt, str):
        raise InputTypeError.kind("salt", salt, "text")
    keys = _keys(ids)
    check_share("holdout", holdout)
    levels = sorted(set(names.tolist()))
    sizes = np.array([int((names == level).sum()) for level in levels], np.int64)
    wanted = _wanted(picks, levels, sizes)
    first = _uniform(keys, "pick", salt)
    chosen = []
    for level, number in zip(levels, wanted.tolist(), strict=True):
        inside = np.flatnonzero(names == level)
        chosen.append(inside[np.argsort(first[inside], kind="stable")][:number])
    rows = np.concatenate(chosen) if chosen else np.zeros(0, np.int64)
    left_out = _uniform([keys[row] for row in rows.tolist()], "arm", salt) < holdout
    return SurprisePicks(ids[rows], names[rows], np.where(left_out, *reversed(_ARMS)).astype(object))


def _column(name: str, given: Any) -> np.ndarray[Any, Any]:
    if isinstance(given, str) or not (isinstance(given, Sequence) or hasattr(given, "__array__")):
        raise InputTypeError.kind(name, given, "a column or a sequence")
    if not isinstance(given, Sequence):
        found = np.asarray(given)
    else:
        found = np.empty(len(given), object)
        for place, one in enumerate(given):
            found[place] = one
    if found.ndim != 1:
        raise InvalidInputError(f"{name} must be one-dimensional, got shape {found.shape}.")
    return found


def _keys(ids: np.ndarray[Any, Any]) -> list[str]:
    """Return a text for each id, the same for the same id on every engine."""
    keys = [_key(one) for one in ids.tolist()]
    twice = len(keys) - len(set(keys))
    if twice:
        raise InvalidInputError.rows("customers are there twice", twice, len(keys), todo="Give each customer once.")
    return keys


def _key(one: object) -> str:
    if isinstance(one, str):
        return f"s{one}"
    if isinstance(one, Real) and not isinstance(one, bool):
        if isinstance(one, Integral):
            return f"i{int(one)}"
        if float(one).is_integer():
            return f"i{int(float(one))}"  # a column of whole numbers with gaps is one of floats in pandas
    raise InputTypeError(f"Ids of customers must be text or whole numbers, and none missing, got {one!r}.")


def _uniform(keys: Sequence[str], purpose: Literal["arm", "pick"], salt: str) -> FloatArray:
    """Return a number from 0 to 1 for each id."""
    begin = blake2b(f"{purpose}\0{salt}\0".encode(errors="surrogatepass"), digest_size=8)
    hashed = bytearray()
    for key in keys:
        one = begin.copy()
        one.update(key.encode(errors="surrogatepass"))
        hashed += one.digest()
    return np.frombuffer(bytes(hashed), ">u8") / 2.0**64


def _wanted(picks: int | Mapping[str, int], levels: Sequence[str], sizes: IntArray) -> IntArray:
    """Return how many to pick of each rung, at most all."""
    if isinstance(picks, Mapping):
        unknown = [rung for rung in picks if rung not in levels]
        if unknown:
            raise InvalidInputError(f"No customer is on the rungs {unknown}; there are {list(levels)}.")
        wanted = np.array([check_number(f"picks of {level!r}", picks.get(level, 0)) for level in levels], np.int64)
        asked, taken = int(wanted.sum()), np.minimum(wanted, sizes)
    else:
        asked = check_number("picks", picks)
        taken = _spread(min(asked, int(sizes.sum())), sizes)
    missing = asked - int(taken.sum())
    if missing:
        warnings.warn(
            f"{asked:,} customers are wanted, {missing:,} more than there are: all of those rungs are picked.",
            DataWarning,
            stacklevel=3,
        )
    return taken


def _spread(number: int, sizes: IntArray) -> IntArray:
    """Spread a number as the customers are, by largest remainders."""
    whole, rest = np.divmod(number * sizes, max(int(sizes.sum()), 1))
    whole[np.argsort(-rest, kind="stable")[: number - int(whole.sum())]] += 1
    return whole
