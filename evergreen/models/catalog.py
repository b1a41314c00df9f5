"""The transaction models, by the names that measures and the command line take."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from evergreen.models.bgbb import BGBB
from evergreen.models.bgcnbd import BGCNBDk, MBGCNBDk
from evergreen.models.bgnbd import BGNBD, MBGNBD
from evergreen.models.pareto_nbd import ParetoNBD
from evergreen.models.transactions import HistoryModel

TRANSACTION_MODELS: Final[Mapping[str, type[HistoryModel]]] = MappingProxyType(
    {
        "bg/nbd": BGNBD,
        "mbg/nbd": MBGNBD,
        "pareto/nbd": ParetoNBD,
        "bg/cnbd-k": BGCNBDk,
        "mbg/cnbd-k": MBGCNBDk,
        "bg/bb": BGBB,
    }
)
"""Transaction models by name, the simplest first."""


def name_of(model: HistoryModel) -> str:
    """Return the name of a transaction model.

    Parameters
    ----------
    model : HistoryModel

    Returns
    -------
    str

    Examples
    --------
    >>> name_of(BGNBD(0.243, 4.414, 0.793, 2.426))
    'bg/nbd'
    """
    return next(name for name, kind in TRANSACTION_MODELS.items() if type(model) is kind)
