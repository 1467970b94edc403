"""Check what a config file says, and make the stores' factories of it; every problem is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import msgspec
from botocore.config import Config as BotocoreConfig
from botocore.exceptions import BotoCoreError

from botwo._environment import UnsetError, filled
from botwo._errors import Problem
from botwo._lines import place_of
from botwo._making import StoreFactory, Type, botocore_config, with_defaults
from botwo._mapping import nearest
from botwo._routes import Rule
from botwo._secrets import Secret, SecretSource, is_plain, unset

SECRETS = ("aws_secret_access_key", "aws_session_token")
_CREDENTIALS = ("aws_access_key_id", *SECRETS)  # the first two come together
_OPTIONS = ("endpoint_url", "region_name", "verify", "use_ssl")
_HIDDEN = "what is written there"  # it may be a secret
_PLAIN = (
    'a secret does not belong into a file that is copied and committed: write "${NAME}", '
    '{file = "…"}, {command = ["…"]}, or use a profile_name'
)


class ClientTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What boto3.client takes, by its own names, and what kind of store it is.

    Attributes:
        type: "lakefs" adds the settings that a lakeFS gateway needs.
        application: Whether it is, under activation, the program's own client.
        endpoint_url: Where the store is; absent, AWS, or what the environment or a profile says.
        region_name: The store's region.
        profile_name: The AWS profile that credentials, region and more come from.
        aws_access_key_id: The access key's name; no secret.
        aws_secret_access_key: Its secret: "${NAME}", {file = "…"} or {command = ["…"]}.
        aws_session_token: The token of temporary credentials, given as the secret is.
        verify: Whether TLS certificates are verified, or the file of those to trust.
        use_ssl: Whether AWS is talked to over TLS.
        config: What botocore.config.Config takes; signature_version = "unsigned" signs nothing.
    """

    type: Type = "s3"
    application: bool = False
    endpoint_url: str | None = None
    region_name: str | None = None
    profile_name: str | None = None
    aws_access_key_id: Secret | None = None
    aws_secret_access_key: Secret | None = None
    aws_session_token: Secret | None = None
    verify: bool | str | None = None
    use_ssl: bool | None = None
    config: dict[str, Any] = {}


class ConfigTable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The stores' clients, and the rules that say which names they own.

    Attributes:
        clients: By a name of your choice, what makes each store's client.
        mapping: The rules in order; the first that matches a name wins, and the last is a default.
        schema: Where editors find the JSON Schema of this file.
    """

    clients: dict[str, ClientTable]
    mapping: list[Rule]
    schema: str | None = msgspec.field(default=None, name="$schema")


class Tables:
    """Reads a file's tables; `problems` has what is wrong so far."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.unset: set[str] = set()
        """The places that refer to what the environment does not have."""

    def factories(self, clients: object) -> dict[str, StoreFactory]:
        """Read the clients' tables; a client that has a problem gets a factory all the same."""
        if not isinstance(clients, Mapping) or not clients:
            found = "no client" if clients in (None, {}) else _HIDDEN
            self._add(("clients",), found, "name at least one: [clients.NAME]")
            return {}
        own = [name for name, table in clients.items() if _is_application(table)]
        for name in own[1:]:
            mend = f"clients.{own[0]} is the program's own client already: remove this"
            self._add(("clients", name, "application"), "true", mend)
        return {
            name: self._factory(name, table, takes_settings=name not in own[:1])
            for name, table in clients.items()
        }

    def mapping(self, mapping: object) -> Any:
        """Fill in what the rules' strings refer to; what else is wrong with them is told later."""
        if mapping is None:
            return []
        if not isinstance(mapping, Sequence) or isinstance(mapping, str):
            return mapping
        return [self._filled(entry, ("mapping", place)) for place, entry in enumerate(mapping)]

    def unknown(self, document: Mapping[str, Any]) -> None:
        """Tell of what stands beside the clients and the mapping."""
        known = [field.encode_name for field in msgspec.structs.fields(ConfigTable)]
        for name in document:
            if name not in known:
                self._add((name,), "no such field", nearest(name, known))

    def _factory(self, name: str, table: object, *, takes_settings: bool) -> StoreFactory:
        place = ("clients", name)
        read = self._table(place, table)
        if read is None:
            return StoreFactory(name=name, file=self.file)
        if not takes_settings:
            said = msgspec.to_builtins(read)  # without what is absent
            for field in sorted(said.keys() - {"application"}):
                mend = (
                    "the program's own client has the settings that the program gives it: remove "
                    "this, or `application`"
                )
                self._add((*place, field), "set", mend)
        options = self._filled({name: getattr(read, name) for name in _OPTIONS}, place)
        verify = options["verify"]
        if isinstance(verify, str):
            options["verify"] = str(self.file.parent / verify)
        options, config = with_defaults(
            read.type, _some(options), self._config((*place, "config"), read.config)
        )
        self._check_endpoint(place, read, options)
        proxies = config.pop("proxies", {})
        return StoreFactory(
            name=name,
            file=self.file,
            type=read.type,
            application=read.application,
            profile_name=self._filled({"profile_name": read.profile_name}, place)["profile_name"],
            options=options,
            credentials=self._credentials(place, read, table),
            proxies=proxies,
            config=config,
        )

    def _table(self, place: tuple[str, ...], table: object) -> ClientTable | None:
        """Read one client's table, as far as its fields' names and types go."""
        if not isinstance(table, Mapping):
            self._add(place, _HIDDEN, "a client is a table of what boto3.client takes")
            return None
        known = {field.name: field for field in msgspec.structs.fields(ClientTable)}
        read: dict[str, Any] = {}
        for name, value in table.items():
            if value is None:
                continue
            if name not in known:
                self._add((*place, name), "no such field", nearest(name, known))
                continue
            if name == "type" and isinstance(value, str) and value not in get_args(Type):
                mend = f"{nearest(value, get_args(Type))}: leave it out for MinIO, Ceph and others"
                self._add((*place, name), repr(value), mend)
                continue
            try:
                read[name] = msgspec.convert(value, known[name].type)
            except msgspec.ValidationError as error:
                found = _shown(value) if isinstance(value, int | float) else _HIDDEN
                self._add((*place, name), found, str(error))
        return ClientTable(**read)

    def _config(self, place: tuple[str, ...], given: Mapping[str, Any]) -> dict[str, Any]:
        """Read botocore's own configuration; a problem with it is told, and then it is empty."""
        known = dict.fromkeys(BotocoreConfig.OPTION_DEFAULTS)
        unknown = [name for name in given if name not in known]
        for name in unknown:
            self._add((*place, name), "no such option of botocore's", nearest(name, known))
        given = {name: value for name, value in _some(given).items() if name not in unknown}
        proxies = given.pop("proxies", {})
        read: dict[str, Any] = self._filled(given, place)
        try:
            botocore_config({**read, "proxies": proxies})
        except (BotoCoreError, TypeError, ValueError, AttributeError) as error:
            self._add(place, "botocore refuses it", str(error))
            return {}
        if isinstance(proxies, Mapping) and all(isinstance(url, str) for url in proxies.values()):
            for scheme, url in proxies.items():
                if _has_password(url):
                    self._add((*place, "proxies", scheme), "a password", _PLAIN)
            return {**read, "proxies": dict(proxies)}
        self._add((*place, "proxies"), _HIDDEN, "give a table of schemes and URLs")
        return read

    def _credentials(
        self, place: tuple[str, ...], read: ClientTable, table: Any
    ) -> dict[str, Secret]:
        given: dict[str, Secret] = _some({name: getattr(read, name) for name in _CREDENTIALS})
        for name, secret in given.items():
            if name in SECRETS and is_plain(secret):
                self._add((*place, name), "a plain secret", _PLAIN)
            elif variable := unset(secret):
                found = f"{variable} is unset or empty"
                self._add((*place, name), found, "set it in the environment")
            elif isinstance(secret, str) and name not in SECRETS:
                self._filled(secret, (*place, name))
        missing = [name for name in _CREDENTIALS[:2] if table.get(name) is None]
        if len(missing) == 1 or (missing and table.get(_CREDENTIALS[2]) is not None):
            mend = "a key's id and its secret come together, and a token with them"
            self._add((*place, missing[0]), "missing", mend)
        return {name: self._found_in(secret, (*place, name)) for name, secret in given.items()}

    def _found_in(self, secret: Secret, place: tuple[str, ...]) -> Secret:
        """Fill in the name of a secret's file; a command's words are as they stand."""
        if isinstance(secret, str) or secret.file is None:
            return secret
        return SecretSource(file=self._filled(secret.file, (*place, "file")))

    def _check_endpoint(
        self, place: tuple[str, ...], read: ClientTable, options: Mapping[str, Any]
    ) -> None:
        endpoint = options.get("endpoint_url")
        at = (*place, "endpoint_url")
        if endpoint is None:
            if read.type == "lakefs" and not read.application:
                self._add(at, "missing", "say where lakeFS is")
            return
        found = _HIDDEN if endpoint != read.endpoint_url else repr(endpoint)
        if "@" in endpoint:
            self._add(at, "credentials in a URL", "write them as aws_access_key_id and so on")
        elif not _is_url(endpoint):
            self._add(at, found, "give a URL: https://HOST or http://HOST:PORT")

    def _filled(self, value: Any, place: tuple[str | int, ...]) -> Any:
        """Fill in every string in a value."""
        if isinstance(value, Mapping):
            return {name: self._filled(inner, (*place, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner, (*place, at)) for at, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        try:
            return filled(value)
        except UnsetError as error:
            self.unset.add(place_of(*place))
            self._add(place, repr(value), error.mend)
            return value

    def _add(self, place: tuple[str | int, ...], found: str, mend: str) -> None:
        self.problems.append(Problem(place=place_of(*place), found=found, mend=mend))


def _is_application(table: object) -> bool:
    return isinstance(table, Mapping) and table.get("application") is True


def _some(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not said; null, as JSON has it, is as good as absent."""
    return {name: value for name, value in values.items() if value is not None}


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # of no port, or of half an address
        return False


def _has_password(url: str) -> bool:
    """Tell whether a URL has a password that stands in the file itself, wholly or in part."""
    user, at, _ = url.rpartition("@")
    _, slashes, rest = user.partition("//")
    _, colon, password = (rest if slashes else user).partition(":")
    return bool(at and colon) and is_plain(password)
