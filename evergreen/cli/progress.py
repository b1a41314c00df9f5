"""Telling how far the job is: a bar on a terminal, a line per long stage elsewhere, nothing for short work."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeVar, final

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Result = TypeVar("Result")

_TICK: Final = 0.1  # seconds between two looks at the engine
_PATIENCE: Final = 0.5  # seconds of a stage before a bar appears
_LONG: Final = 2.0  # seconds from which on a stage is worth a line where there is no terminal
_BAR: Final = "{desc:<26}|{bar:40}| {percentage:3.0f}%  {elapsed}"


@final
class Progress:
    """Runs the stages of a job in a worker thread and shows how far its engine is.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The engine; its progress is that of the query it runs, so that a stage of several queries fills its
        bar several times.
    stream : TextIO
        Where to show it.
    shown : bool
        Whether to show anything.
    """

    def __init__(self, connection: DuckDBPyConnection, stream: TextIO, *, shown: bool = True) -> None:
        self._connection = connection
        self._stream = stream
        self._shown = shown

    def run(self, stage: str, work: Callable[[], Result]) -> Result:
        """Do the work of a stage.

        Parameters
        ----------
        stage : str
            What is being done, in a few words.
        work : callable
            The work; it may use the engine.

        Returns
        -------
        object
            What the work returns.

        Raises
        ------
        KeyboardInterrupt
            After the engine has been stopped.
        """
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(work)
            try:
                self._watch(future, stage)
            except KeyboardInterrupt:
                self._connection.interrupt()
                raise
        self._tell(stage, began)
        return future.result()

    def _watch(self, future: Future[Any], stage: str) -> None:
        """Wait for the work; after some patience with a bar, if there is a terminal."""
        if wait([future], timeout=_PATIENCE).done:
            return
        bar = self._bar(stage)
        try:
            while wait([future], timeout=_TICK).not_done:
                if bar is not None:
                    # DuckDB before 1.3 does not tell: the bar then shows the time alone
                    percent = getattr(self._connection, "query_progress", lambda: 0.0)()
                    bar.n = min(max(percent, 0.0), 100.0)
                    bar.refresh()
        finally:
            if bar is not None:
                bar.close()

    def _bar(self, stage: str) -> Any:
        if not (self._shown and self._stream.isatty()):
            return None
        try:
            from tqdm import tqdm
        except ImportError:
            return None
        return tqdm(total=100, desc=stage, file=self._stream, bar_format=_BAR, leave=False)

    def _tell(self, stage: str, began: float) -> None:
        now = time.monotonic()
        if self._shown and not self._stream.isatty() and now - began > _LONG:
            self._stream.write(f"evergreen: {stage}, {now - began:.1f} s\n")
            self._stream.flush()
