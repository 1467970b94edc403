"""The stores' clients by name: given as they are, or made by factories when first needed."""

from __future__ import annotations

import inspect
import os
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal

from botocore.client import BaseClient

from botwo._errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Registration = tuple[Any, ...]
Noun = Literal["client", "resource"]
"""What the caller gives, by the word of the public function that takes it."""

# What to do about a resource where a client, or another resource, is asked.
_NO_RESOURCE: dict[Noun, str] = {
    "client": "this is a resource: give its .meta.client, or make a resource by botwo.resource",
    "resource": "this is a part of a resource: give what boto3.resource('s3') returned",
}

# The order in which handlers are called, and searched for the one to unregister.
_SECTIONS = ("register_first", "register", "register_last")


def client_problems(
    clients: object, noun: Noun = "client", *, asynchronous: bool = False
) -> Iterator[Problem]:
    """Check what can be checked of the clients without making any.

    Args:
        clients: What the caller gave.
        noun: What the caller was to give.
        asynchronous: Whether it was to be for an event loop.
    """
    if not isinstance(clients, dict) and not hasattr(clients, "items"):
        mend = f"give a dict of names to {_library(asynchronous)} {noun}s or factories"
        yield problem(f"{noun}s", clients, mend)
        return
    if not clients:
        yield problem(f"{noun}s", clients, f"give at least one {noun}")
    for name, value in clients.items():
        place = f"{noun}s[{name!r}]"
        if not isinstance(name, str):
            yield problem(place, name, f"a {noun}'s name is a string")
        yield from _value_problems(place, value, noun, asynchronous)


def _library(asynchronous: bool) -> str:  # noqa: FBT001 - which of the two
    return "aiobotocore" if asynchronous else "boto3"


def _one(noun: Noun, asynchronous: bool) -> str:  # noqa: FBT001 - as the caller has it
    return f"an aiobotocore S3 {noun}" if asynchronous else f"a boto3 S3 {noun}"


def _value_problems(
    place: str,
    value: object,
    noun: Noun,
    asynchronous: bool,  # noqa: FBT001 - as the caller has it
) -> Iterator[Problem]:
    if isinstance(value, BaseClient):
        yield from made_problems(place, value, noun, asynchronous=asynchronous)
    elif hasattr(value, "meta") and isinstance(getattr(value.meta, "client", None), BaseClient):
        yield problem(place, value, _NO_RESOURCE[noun])
    elif asynchronous and hasattr(value, "__aenter__"):
        mend = "give functools.partial(session.create_client, 's3', …), or the client it enters to"
        yield problem(place, value, mend)
    elif not callable(value):
        yield problem(place, value, f"give {_one(noun, asynchronous)}, or a factory of one")


def made_problems(
    place: str, client: object, noun: Noun = "client", *, asynchronous: bool = False
) -> Iterator[Problem]:
    """Check that a client is a boto3 S3 client, or one of aiobotocore."""
    if not isinstance(client, BaseClient):
        other = " (botwo.aio takes aiobotocore's)" if hasattr(client, "__aenter__") else ""
        mend = f"the factory has to return {_one(noun, asynchronous)}{other}"
        yield problem(place, client, mend)
        return
    service = client.meta.service_model.service_name
    if service != "s3":
        yield problem(place, f"a {noun} of {service!r}", f"only S3 {noun}s can be routed")
    elif asynchronous != inspect.iscoroutinefunction(getattr(type(client), "_make_api_call", None)):
        found = f"a boto3 {noun}" if asynchronous else f"an asynchronous {noun}"
        other = " (botwo.client takes boto3's)" if asynchronous else " (botwo.aio has the others)"
        mend = f"{_library(asynchronous)}'s {noun}s only{other}: do not mix the two"
        yield problem(place, found, mend)


def problem(place: str, found: object, mend: str) -> Problem:
    """Say what is wrong with what was given at a place, by its kind where it is no string."""
    if isinstance(found, BaseClient):
        is_async = inspect.iscoroutinefunction(getattr(type(found), "_make_api_call", None))
        shown = "an asynchronous client" if is_async else "a boto3 client"
    else:
        shown = found if isinstance(found, str) else f"a {type(found).__name__}"
    return Problem(place=place, found=shown, mend=mend)


# How often this process was forked from another one since it imported this.
_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


def _alike(noted: Registration, registration: Registration) -> bool:
    """Tell whether two registrations are of one event and one handler, or one unique id."""
    event_name, handler, unique_id, _ = registration
    if noted[0] != event_name or noted[2] != unique_id:
        return False
    return unique_id is not None or bool(noted[1] == handler)


class Made:
    """The clients that there are; what was registered is registered with each."""

    def __init__(self, clients: Mapping[str, Any], noun: Noun = "client") -> None:
        self.given = dict(clients)
        self._noun = noun
        self._made: dict[str, Any] = {
            name: value for name, value in self.given.items() if isinstance(value, BaseClient)
        }
        self._journal: list[tuple[str, Registration]] = []
        self._lock = threading.RLock()

    def made(self) -> list[Any]:
        """Give the clients made so far, each once."""
        return list({id(client): client for client in self._made.values()}.values())

    def _place(self, name: str) -> str:
        return f"{self._noun}s[{name!r}]"

    def _adopt(self, name: str, client: Any) -> None:
        """Take a client that a factory made."""
        with self._lock:
            if not any(client is other for other in self._made.values()):
                for method, registration in self._journal:
                    getattr(client.meta.events, method)(*registration)
            self._made[name] = client

    def register(self, method: str, registration: Registration) -> None:
        """Call an event method of every client; those not made yet get it when they are made."""
        with self._lock:
            for client in self.made():
                getattr(client.meta.events, method)(*registration)
            if len(self._made) < len(self.given):
                self._note(method, registration)

    def _note(self, method: str, registration: Registration) -> None:
        """Keep the journal short: transfers register the same handlers again and again.

        What is dropped makes no difference to a new client, whichever handlers botocore gave it.
        """
        journal = self._journal
        _, _, unique_id, counted = registration
        same = [place for place, noted in enumerate(journal) if _alike(noted[1], registration)]
        registered = [place for place in same if journal[place][0] in _SECTIONS]
        once = unique_id is not None and not counted
        if method in _SECTIONS:
            if not (once and same and same[-1] in registered):
                journal.append((method, registration))
        elif once:
            self._journal = [noted for place, noted in enumerate(journal) if place not in same]
            self._journal.append((method, registration))
        elif registered and counted:
            del journal[registered[-1]]
        elif registered:
            del journal[min(registered, key=lambda place: _SECTIONS.index(journal[place][0]))]
        elif counted or not same:
            journal.append((method, registration))

    @property
    def are_factories(self) -> bool:
        """Whether all clients were given as factories."""
        return not any(isinstance(value, BaseClient) for value in self.given.values())


class Stores(Made):
    """Every store's client, made once, in whichever thread."""

    def __init__(self, clients: Mapping[str, Any], noun: Noun = "client") -> None:
        super().__init__(clients, noun)
        self._begin()

    def _begin(self) -> None:
        """Begin in this process."""
        self._forks = _forks
        self._lock = threading.RLock()
        # One for each client: a factory may take long, and no other client waits for it.
        self._making = {name: threading.RLock() for name in self.given}

    def __getitem__(self, name: str) -> Any:
        """Give a client, after making it where that was not done yet.

        Raises:
            ConfigError: The factory returned something else than a boto3 S3 client.
        """
        if self._forks != _forks:
            self._leave_parent()
        client = self._made.get(name)
        return client if client is not None else self._make(name)

    def _leave_parent(self) -> None:
        """Leave open connections, and locks, to the process that this one was forked from.

        Each would read the other's answers: the objects of other keys, without an error. And a
        thread that held a lock is not here to release it.
        """
        self._begin()
        for client in self.made():
            client.close()  # it opens new ones when it needs some

    def _make(self, name: str) -> Any:
        with self._making[name]:
            if name in self._made:
                return self._made[name]
            client = self._from_factory(name)
            self._adopt(name, client)
            return client

    def _from_factory(self, name: str) -> Any:
        place = self._place(name)
        try:
            client = self.given[name]()
        except Exception as error:
            error.add_note(f"botwo: raised by the factory {place}")
            raise
        problems = list(made_problems(place, client, self._noun))
        if problems:
            raise ConfigError(problems)
        return client

    def register(self, method: str, registration: Registration) -> None:
        """Call an event method of every client; those not made yet get it when they are made."""
        if self._forks != _forks:
            self._leave_parent()
        super().register(method, registration)

    def close(self) -> None:
        """Close every client made so far, also where another one fails to."""
        with ExitStack() as closing:
            for client in reversed(self.made()):
                closing.callback(client.close)
