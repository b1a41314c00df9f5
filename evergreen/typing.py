"""Types that the whole library shares."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
"""Float64 array: probabilities, expectations, times, money."""

IntArray: TypeAlias = npt.NDArray[np.int64]
"""Int64 array: counts, codes, scores."""

BoolArray: TypeAlias = npt.NDArray[np.bool_]
"""Boolean array: masks."""

ArrayLike: TypeAlias = npt.ArrayLike
"""Anything numpy can turn into an array of numbers."""

TimeUnit: TypeAlias = Literal["h", "D", "W", "M", "Y"]
"""Unit in which times are expressed: hours, days, weeks, mean months, mean years."""

Occasion: TypeAlias = Literal["row", "D", "W", "M"]
"""What counts as one purchase occasion: every row, or a calendar day, week or month."""

Period: TypeAlias = Literal["M", "Q", "Y"]
"""A part of the calendar in which business is counted: months, quarters or years."""

Duration: TypeAlias = str | timedelta | np.timedelta64
"""A length of time that names its unit: ``"365D"``, ``"52W"``, ``timedelta(days=90)``."""
