"""Keep what was learned: models, fits, histories and measures as readable JSON.

A file says what it is (``"format"``, ``"kind"``), in which schema it is written and by which version of evergreen,
and holds plain numbers and text. Reading one makes objects of the kinds listed in :mod:`evergreen.store.kinds` and of
no others; nothing in a file is ever executed. Numbers come back to the last bit, and equal objects make equal text.
"""

from evergreen.store.document import dumps, loads
from evergreen.store.files import load, save

__all__ = ["dumps", "load", "loads", "save"]
