"""Do many things at once, and end in good order when a signal asks for the end.

A signal raises nothing while work is done: it is noted, and what is at work asks for it between two
requests and while bytes move. So each upload is put away by the code that began it.
"""

from __future__ import annotations

import signal
import threading
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from botwo._cli.endings import INTERRUPTED, complain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

ItemT = TypeVar("ItemT")
DoneT = TypeVar("DoneT")

AT_ONCE = 8
_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
# How long the main thread waits before it looks whether a signal came.
_SECONDS = 0.1
# What puts away, and is asked for after a signal too.
_PUTS_AWAY = "AbortMultipartUpload"


class StoppedError(Exception):
    """Raised in what is at work after the end was asked for.

    An `Exception`, so that transfers put away what they began as after any other error.
    """


class Stop:
    """Whether the end was asked for."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._asked = threading.Event()
        self._raises = False

    @property
    def asked(self) -> bool:
        """Whether it was."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Ask for the end."""
        self._asked.set()

    def check(self) -> None:
        """Go no further after the end was asked for."""
        if self.asked:
            raise StoppedError

    def before_request(self, operation_name: str, **_: Any) -> None:
        """Send no request any more but those that put away; a handler of ``request-created``."""
        if operation_name != _PUTS_AWAY:
            self.check()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Note the signals that end a program, in place of what they do otherwise."""
        before = {}
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
                    before[number] = signal.signal(number, self._note)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.signal = number
        self.ask()
        if self._raises:
            self._raises = False
            raise KeyboardInterrupt

    def between(self, items: Iterable[ItemT]) -> Iterator[ItemT]:
        """Give items until the end is asked for; making one may be broken off at any time."""
        iterator = iter(items)
        while not self.asked:
            try:
                self._raises = True
                item = next(iterator)
            except (StopIteration, KeyboardInterrupt):
                break
            finally:
                self._raises = False
            yield item

    def end(self) -> None:
        """End the program where a signal asked for it.

        Raises:
            Exit: With the status that says so.
        """
        if self.signal is not None:
            raise typer.Exit(INTERRUPTED + self.signal)


def each(
    items: Iterable[ItemT],
    work: Callable[[ItemT], DoneT],
    stop: Stop,
    *,
    done: Callable[[DoneT], object],
    at_once: int = AT_ONCE,
) -> None:
    """Do the work for each item, several at the same time, and tell what each gave as it ends.

    Items are taken as they are needed: there may be millions. After any error, and after the end
    was asked for, nothing is begun any more, and this ends when what is at work has put away.
    """
    running: set[Future[DoneT]] = set()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            for item in stop.between(items):
                running.add(pool.submit(work, item))
                while len(running) > at_once and not stop.asked:
                    running = _told(running, done, _SECONDS)
            while running and not stop.asked:
                running = _told(running, done, _SECONDS)
        except BaseException:
            stop.ask()
            raise
        finally:
            _see_out(running, stop)
    while running:
        running = _told(running, done, None)


def _see_out(running: set[Future[DoneT]], stop: Stop) -> None:
    if stop.signal is not None:
        complain("interrupted")
    for future in running:
        future.cancel()
    wait(running)


def _told(
    running: set[Future[DoneT]], done: Callable[[DoneT], object], seconds: float | None
) -> set[Future[DoneT]]:
    """Wait for work to end, tell what it gave, and give what still runs."""
    ended, left = wait(running, seconds, FIRST_COMPLETED)
    for future in ended:
        with suppress(CancelledError, StoppedError):
            done(future.result())
    return left
