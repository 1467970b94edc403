"""The stores' clients by name: given as they are, or made by factories when first needed."""

from __future__ import annotations

import inspect
import os
import threading
from typing import TYPE_CHECKING, Any

from botocore.client import BaseClient

from botwo._errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Registration = tuple[Any, ...]

# The order in which handlers are called, and searched for the one to unregister.
_SECTIONS = ("register_first", "register", "register_last")


def client_problems(clients: object) -> Iterator[Problem]:
    """Check what can be checked of the clients without making any."""
    if not isinstance(clients, dict) and not hasattr(clients, "items"):
        yield _problem("clients", clients, "give a dict of names to boto3 clients or factories")
        return
    if not clients:
        yield _problem("clients", clients, "give at least one client")
    for name, value in clients.items():
        place = f"clients[{name!r}]"
        if not isinstance(name, str):
            yield _problem(place, name, "a client's name is a string")
        yield from _value_problems(place, value)


def _value_problems(place: str, value: object) -> Iterator[Problem]:
    if isinstance(value, BaseClient):
        yield from made_problems(place, value)
    elif hasattr(value, "meta") and isinstance(getattr(value.meta, "client", None), BaseClient):
        yield _problem(place, value, "this is a resource: give its .meta.client")
    elif not callable(value):
        yield _problem(place, value, "give a boto3 S3 client, or a factory of one")


def made_problems(place: str, client: object) -> Iterator[Problem]:
    """Check that a client is a boto3 S3 client."""
    if not isinstance(client, BaseClient):
        yield _problem(place, client, "the factory has to return a boto3 S3 client")
        return
    service = client.meta.service_model.service_name
    if service != "s3":
        yield _problem(place, f"a client of {service!r}", "only S3 clients can be routed")
    elif inspect.iscoroutinefunction(getattr(type(client), "_make_api_call", None)):
        yield _problem(place, "an asynchronous client", "boto3's clients only: do not mix the two")


def _problem(place: str, found: object, mend: str) -> Problem:
    shown = found if isinstance(found, str) else f"a {type(found).__name__}"
    return Problem(place=place, found=shown, mend=mend)


def _alike(noted: Registration, registration: Registration) -> bool:
    """Tell whether two registrations are of one event and one handler, or one unique id."""
    event_name, handler, unique_id, _ = registration
    if noted[0] != event_name or noted[2] != unique_id:
        return False
    return unique_id is not None or bool(noted[1] == handler)


class Stores:
    """Every store's client, made once; what was registered is registered with each."""

    def __init__(self, clients: Mapping[str, Any]) -> None:
        self.given = dict(clients)
        self._lock = threading.RLock()
        self._made: dict[str, Any] = {
            name: value for name, value in self.given.items() if isinstance(value, BaseClient)
        }
        self._journal: list[tuple[str, Registration]] = []
        self._process = os.getpid()

    def __getitem__(self, name: str) -> Any:
        """Give a client, after making it where that was not done yet.

        Raises:
            ConfigError: The factory returned something else than a boto3 S3 client.
        """
        if self._process != os.getpid():
            self._leave_connections()
        client = self._made.get(name)
        return client if client is not None else self._make(name)

    def _leave_connections(self) -> None:
        """Leave the open connections to the process that this one was forked from.

        Each would read the other's answers: the objects of other keys, without an error.
        """
        for client in self.made():
            client.close()  # it opens new ones when it needs some
        self._process = os.getpid()

    def _make(self, name: str) -> Any:
        with self._lock:
            if name in self._made:
                return self._made[name]
            try:
                client = self.given[name]()
            except Exception as error:
                error.add_note(f"botwo: raised by the factory clients[{name!r}]")
                raise
            problems = list(made_problems(f"clients[{name!r}]", client))
            if problems:
                raise ConfigError(problems)
            if not any(client is other for other in self._made.values()):
                for method, registration in self._journal:
                    getattr(client.meta.events, method)(*registration)
            self._made[name] = client
            return client

    def made(self) -> list[Any]:
        """Give the clients made so far, each once."""
        return list({id(client): client for client in self._made.values()}.values())

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

    def close(self) -> None:
        """Close every client made so far."""
        for client in self.made():
            client.close()

    @property
    def are_factories(self) -> bool:
        """Whether all clients were given as factories."""
        return not any(isinstance(value, BaseClient) for value in self.given.values())
