"""The kinds of objects that can be saved, and how each is taken apart and put together.

A new kind is one line in :data:`KINDS`: the fields of a dataclass, and the settings and learned values of an
estimator, say by their types how they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, timedelta
from enum import Enum
from functools import cache
from inspect import Parameter, signature
from types import MappingProxyType, UnionType
from typing import Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from evergreen.churn import ChurnDetector
from evergreen.clv import CLVFit, CLVModel
from evergreen.errors import EvergreenError, InputTypeError, InvalidInputError, SavedFileError
from evergreen.ladder import LoyaltyLadder, LoyaltyPlan
from evergreen.models.bgbb import BGBB
from evergreen.models.bgcnbd import BGCNBDk, MBGCNBDk
from evergreen.models.bgnbd import BGNBD, MBGNBD
from evergreen.models.checks import check_whole
from evergreen.models.covariates import CovariateModel
from evergreen.models.estimator import Estimator
from evergreen.models.fitting import FitResult, WeakPrior
from evergreen.models.gamma_gamma import GammaGamma
from evergreen.models.gaps import GapHistories
from evergreen.models.histories import PurchaseHistories, SpendHistories
from evergreen.models.pareto_nbd import ParetoNBD
from evergreen.models.rungs import Rungs
from evergreen.models.sbg import SBG
from evergreen.models.segment_map import SegmentMap
from evergreen.models.transitions import Transitions
from evergreen.pareto import ParetoSegmenter
from evergreen.rfm import RFMScorer
from evergreen.store.values import DAY, NUMBER, SECONDS, Codec, array, choice, either, inside, named, plain, row, series
from evergreen.typing import FloatArray, IntArray, TimeUnit

_PLAIN: Final[Mapping[Any, Codec]] = MappingProxyType(
    {
        str: plain(str, "text"),
        bool: plain(bool, "true or false"),
        int: plain(int, "a whole number", (np.integer,)),
        float: NUMBER,
        type(None): plain(type(None), "null"),
        date: DAY,
        timedelta: SECONDS,
        np.timedelta64: SECONDS,
    }
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A class whose objects can be saved.

    Parameters
    ----------
    of : type
        A dataclass, or an estimator.
    build : callable, optional
        Makes the object of its fields and checks them; by default the class itself. What has a default in both may be
        absent from a file: it was written before the field existed.
    may_lack : frozenset of str
        Learned values that a fitted estimator can do without.
    """

    of: type
    build: Callable[..., Any] | None = None
    may_lack: frozenset[str] = frozenset()

    @property
    def fields(self) -> Mapping[str, Codec]:
        """The codec of each field, in the order in which they are written."""
        return _fields(self.of)

    @property
    def learned(self) -> frozenset[str]:
        """Fields that ``fit`` sets."""
        return frozenset(name for name in self.fields if name.endswith("_"))

    @property
    def with_default(self) -> frozenset[str]:
        """Fields that files from before they existed lack."""
        makers = [self.of] if self.build is None else [self.of, self.build]
        return frozenset.intersection(*map(_with_default, makers))

    def take_apart(self, thing: Any, place: str) -> dict[str, Any]:
        """Return the JSON of the fields of an object.

        Parameters
        ----------
        thing : object
            Of this kind.
        place : str
            Where it stands, for messages.

        Returns
        -------
        dict of str to object

        Raises
        ------
        InputTypeError
            If a field is not of its declared type.
        """
        there = [name for name in self.fields if name not in self.learned or hasattr(thing, name)]
        return {name: self.fields[name].write(getattr(thing, name), inside(place, name)) for name in there}

    def put_together(self, json: Mapping[str, Any], place: str) -> Any:
        """Return the object that has these fields.

        Parameters
        ----------
        json : mapping of str to object
            What was parsed.
        place : str
            Where it stands, for messages.

        Returns
        -------
        object

        Raises
        ------
        SavedFileError
            If fields are missing, unknown or of another type, or the object refuses their values.
        """
        self._check_names(json, place)
        values = {name: self.fields[name].read(part, inside(place, name)) for name, part in json.items()}
        try:
            thing = (self.build or self.of)(**{name: values[name] for name in values if name not in self.learned})
        except EvergreenError as error:
            raise SavedFileError(f"{place}: {error}" if place else str(error)) from error
        for name in self.fields:
            if name in self.learned and name in values:
                setattr(thing, name, values[name])
        return thing

    def _check_names(self, json: Mapping[str, Any], place: str) -> None:
        fitted = not self.learned.isdisjoint(json)
        needless = self.with_default | (self.may_lack if fitted else self.learned)
        missing = [name for name in self.fields if name not in json and name not in needless]
        unknown = [name for name in json if name not in self.fields]
        said = [f"{what} {', '.join(names)}" for what, names in (("lacks", missing), ("has unknown", unknown)) if names]
        if said:
            raise SavedFileError(f"{place or 'The object'} is no {self.of.__name__}: it {' and '.join(said)}.")


def _fit_result(coefficients: tuple[str, ...] = (), **given: Any) -> FitResult[Any]:
    result = FitResult(**given, coefficients=coefficients)
    size = len(result.names)
    if len(result.values) != size or result.log_covariance.shape != (size, size):
        raise InvalidInputError("names, values and log_covariance must be of one size.")
    return result


def _purchase_histories(
    frequency: IntArray,
    recency: FloatArray,
    T: FloatArray,
    count: IntArray,
    time_unit: TimeUnit,
    log_gaps: float | None = None,
    log_gaps_rest: float = 0.0,
) -> PurchaseHistories:
    found = PurchaseHistories.of(frequency, recency, T, count=count, time_unit=time_unit, log_gaps=log_gaps)
    if log_gaps_rest and (log_gaps is None or log_gaps + log_gaps_rest != log_gaps):
        raise InvalidInputError(f"log_gaps_rest={log_gaps_rest!r} is not what rounding took off log_gaps={log_gaps!r}.")
    return replace(found, log_gaps_rest=log_gaps_rest)


def _spend_histories(
    frequency: IntArray, value: FloatArray, count: IntArray, without_repeat: int, without_value: int
) -> SpendHistories:
    found = SpendHistories.of(frequency, value, count=count)
    if found.without_repeat or found.without_value:
        raise InvalidInputError("frequency must be at least 1 and value above 0.")
    check_whole("without_repeat and without_value", [without_repeat, without_value])
    return replace(found, without_repeat=without_repeat, without_value=without_value)


def _gap_histories(
    order: IntArray, length: FloatArray, returned: IntArray, silent: IntArray, time_unit: TimeUnit
) -> GapHistories:
    return GapHistories.of(order, length, returned, silent, time_unit=time_unit)


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "BGNBD": Kind(BGNBD),
        "MBGNBD": Kind(MBGNBD),
        "ParetoNBD": Kind(ParetoNBD),
        "BGCNBDk": Kind(BGCNBDk),
        "MBGCNBDk": Kind(MBGCNBDk),
        "BGBB": Kind(BGBB),
        "SBG": Kind(SBG),
        "CovariateModel": Kind(CovariateModel),
        "GammaGamma": Kind(GammaGamma),
        "WeakPrior": Kind(WeakPrior),
        "FitResult": Kind(FitResult, _fit_result),
        "PurchaseHistories": Kind(PurchaseHistories, _purchase_histories),
        "SpendHistories": Kind(SpendHistories, _spend_histories),
        "GapHistories": Kind(GapHistories, _gap_histories),
        "SegmentMap": Kind(SegmentMap),
        "RFMScorer": Kind(RFMScorer),
        "ParetoSegmenter": Kind(ParetoSegmenter),
        "CLVFit": Kind(CLVFit),
        "CLVModel": Kind(CLVModel, may_lack=frozenset({"fit_", "choice_"})),
        "ChurnDetector": Kind(ChurnDetector),
        "Transitions": Kind(Transitions),
        "LoyaltyPlan": Kind(LoyaltyPlan),
        "Rungs": Kind(Rungs),
        "LoyaltyLadder": Kind(LoyaltyLadder),
    }
)
"""What can be saved, by the name that stands in files; a name is never given to another class."""


def thing(of: type = object) -> Codec:
    """Return the codec of objects of the registered kinds; the kind is written beside the fields.

    Parameters
    ----------
    of : type
        What they must be instances of.

    Returns
    -------
    Codec

    Examples
    --------
    >>> thing().write(GammaGamma(6.25, 3.74, 15.44), "here")
    {'kind': 'GammaGamma', 'fields': {'p': 6.25, 'q': 3.74, 'v': 15.44}}
    """
    fitting = [name for name, kind in KINDS.items() if issubclass(kind.of, of)]
    wanted = f"of a kind that can be saved ({', '.join(fitting)})"

    def reads(json: Any) -> bool:
        """Tell whether it is of such a kind, or of one that is not known at all."""
        if not isinstance(json, dict) or set(json) != {"kind", "fields"}:
            return False
        return json["kind"] in fitting or json["kind"] not in list(KINDS)

    def written(value: Any, place: str) -> dict[str, Any]:
        name = next(name for name in fitting if KINDS[name].of is type(value))
        return {"kind": name, "fields": KINDS[name].take_apart(value, place)}

    def made(json: dict[str, Any], place: str) -> Any:
        name, given = json["kind"], json["fields"]
        if not isinstance(name, str) or name not in KINDS:
            raise SavedFileError(
                f"{inside(place, 'kind')} {name!r} is not known to this version of evergreen, which knows "
                f"{', '.join(KINDS)}. Update evergreen if a newer version wrote it."
            )
        if not isinstance(given, dict):
            raise SavedFileError.value(place, json, wanted)
        return KINDS[name].put_together(given, place)

    return Codec(
        wanted,
        holds=lambda value: any(KINDS[name].of is type(value) for name in fitting),
        reads=reads,
        written=written,
        made=made,
    )


def codec_of(hint: Any) -> Codec:
    """Return the codec of a declared type.

    Parameters
    ----------
    hint : type
        As ``typing.get_type_hints`` returns it.

    Returns
    -------
    Codec

    Raises
    ------
    InputTypeError
        If there is none: a field of this type cannot be saved.

    Examples
    --------
    >>> codec_of(float | None).write(float("-inf"), "here")
    '-inf'
    """
    hint = _unaliased(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    of, parts = get_origin(hint) or hint, get_args(hint)
    if of in _COMPOSED:
        return _COMPOSED[of](parts)
    if hint is Any or isinstance(hint, TypeVar):
        return thing()
    if not isinstance(of, type):
        raise InputTypeError(f"A field of type {hint!r} cannot be saved.")
    if issubclass(of, Enum):
        return choice({str(member.value): member for member in of})
    if is_dataclass(of) and all(kind.of is not of for kind in KINDS.values()):
        return _part(Kind(of))
    return thing(of)


def _unaliased(hint: Any) -> Any:
    """Return what an alias stands for: with newer numpy and Python, ``NDArray`` is one that keeps its name."""
    value = getattr(get_origin(hint) or hint, "__value__", None)
    if value is None:
        return hint
    return _unaliased(value[get_args(hint)] if get_args(hint) else value)


def _part(kind: Kind) -> Codec:
    """Return the codec of a dataclass that never stands alone: its fields are written by themselves."""
    return Codec(
        f"a {kind.of.__name__}",
        holds=lambda value: type(value) is kind.of,
        reads=lambda json: isinstance(json, dict),
        written=kind.take_apart,
        made=kind.put_together,
    )


def _all(hints: Sequence[Any]) -> list[Codec]:
    return [codec_of(hint) for hint in hints]


_COMPOSED: Final[Mapping[Any, Callable[[tuple[Any, ...]], Codec]]] = MappingProxyType(
    {
        Literal: lambda texts: choice({text: text for text in texts}),
        Union: lambda options: either(_all(options)),
        UnionType: lambda options: either(_all(options)),
        np.ndarray: lambda parts: array(np.dtype(get_args(parts[1])[0])),
        tuple: lambda items: series(codec_of(items[0])) if items[-1] is Ellipsis else row(_all(items)),
        Sequence: lambda items: series(codec_of(items[0])),
        dict: lambda parts: named(codec_of(parts[1])),
        Mapping: lambda parts: named(codec_of(parts[1])),
    }
)
"""The codec of a type that is made of others, from their hints."""


@cache
def _with_default(make: Callable[..., Any]) -> frozenset[str]:
    given = signature(make).parameters.values()
    return frozenset(parameter.name for parameter in given if parameter.default is not Parameter.empty)


@cache
def _fields(of: type) -> Mapping[str, Codec]:
    """Return the codec of each field of a dataclass, or of each setting and learned value of an estimator."""
    hints = get_type_hints(of)
    if issubclass(of, Estimator):
        settings = get_type_hints(cast("Any", of).__init__)
        del settings["return"]
        hints = {**settings, **{name: hint for name, hint in hints.items() if name.endswith("_")}}
    else:
        hints = {field.name: hints[field.name] for field in fields(cast("Any", of))}
    return MappingProxyType({name: codec_of(hint) for name, hint in hints.items()})
