"""Make a store's client from what a config file says of it."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import botocore
import msgspec
from botocore.config import Config as BotocoreConfig

from botwo._errors import ConfigError, Problem
from botwo._lines import place_of
from botwo._secrets import Secret, SecretError, revealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Type = Literal["s3", "lakefs"]

# What a lakeFS gateway needs (docs.lakefs.io, "S3-supported API"): boto3 presigns with Signature
# Version 2 otherwise, and adds checksums in trailers that older gateways refuse.
_LAKEFS: dict[str, Any] = {
    "signature_version": "s3v4",
    "s3": {"addressing_style": "path"},
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}
_LAKEFS_REGION = "us-east-1"

# What programs set up on a session for all its clients: their handlers, how answers are read (the
# AWS command line has dates left as they come), and the models, which take long to load anew.
_COMPONENTS = ("event_emitter", "response_parser_factory", "data_loader")

# What create_client takes, in order; another library's patch may hide it from `inspect`.
CREDENTIALS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_TAKES = (
    "service_name", "region_name", "api_version", "use_ssl", "verify", "endpoint_url",
    *CREDENTIALS,
)  # fmt: skip

# The session that makes a store's client: in a list, which is emptied when it has made it, because
# a task that began meanwhile keeps it.
_making: ContextVar[list[Any] | None] = ContextVar("botwo_making", default=None)


@contextmanager
def unrouted(session: Any) -> Iterator[None]:
    """Make a store's client within by a botocore session: activation leaves that one alone.

    Other clients that come to be made meanwhile, by a handler or a provider of credentials, are
    the program's.
    """
    made = [session]
    token = _making.set(made)
    try:
        yield
    finally:
        made.clear()
        _making.reset(token)


def is_unrouted(session: Any) -> bool:
    """Tell whether what a session makes is a store's client."""
    return any(made is session for made in _making.get() or ())


def asked_of(args: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a session's ``create_client`` was called with, by name."""
    return {**dict(zip(_TAKES, args, strict=False)), **named}


def own_credentials(session: Any) -> list[str]:
    """Name what a program has set on a session to say whose credentials its clients have."""
    found = []
    if getattr(getattr(session, "_credentials", None), "method", None) == "explicit":
        found.append("credentials")
    if session.instance_variables().get("profile") is not None:
        found.append("profile")
    return found


def components(session: Any) -> dict[str, Any]:
    """Give what a program has set up on its session for all clients, as it is now."""
    return {name: copy.copy(session.get_component(name)) for name in _COMPONENTS}


class StoreFactory(msgspec.Struct, frozen=True, kw_only=True):
    """Makes one store's client; pickles, and is shown, without any secret.

    Credentials, and proxies, which may hold some, are looked up where the client is made: a worker
    on another machine takes them from its own environment.
    """

    name: str
    file: Path
    type: Type = "s3"
    application: bool = False
    profile_name: str | None = None
    options: dict[str, Any] = {}
    """What `boto3.client` takes besides."""
    credentials: dict[str, Secret] = {}
    proxies: dict[str, str] = {}
    config: dict[str, Any] = {}
    """What botocore's ``Config`` takes."""

    def __call__(self) -> Any:
        """Make the client, by a session of its own.

        Raises:
            ConfigError: A secret is not where the file says.
        """
        return self.made({})

    def made(self, components: Mapping[str, Any]) -> Any:
        """Make the client by a session of its own that has a program's components."""
        # boto3's transfers bring thread pools: not before a client is made.
        import boto3
        import botocore.session

        if self.application:
            if boto3.DEFAULT_SESSION is None:
                boto3.setup_default_session()
            default: Any = boto3.DEFAULT_SESSION
            with unrouted(default._session):
                # A default session that routes by itself makes a plain client here.
                return boto3.session.Session.client(default, "s3")
        core, options = self.prepared(botocore.session.Session, components)
        with unrouted(core):
            if components:
                return core.create_client("s3", **options)
            session: Any = boto3.session.Session(botocore_session=core)
            return session.client("s3", **options)

    def prepared(
        self, session: Callable[..., Any], components: Mapping[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """Make the session, of botocore's kind or aiobotocore's, and say what it is asked for.

        Raises:
            ConfigError: A secret is not where the file says.
        """
        # A program's emitter has botocore's own handlers already, and boto3's where it has boto3.
        core = session(profile=self.profile_name, include_builtin_handlers=not components)
        for name, component in components.items():
            core.register_component(name, component)
        return core, self._options(core)

    def _options(self, core: Any) -> dict[str, Any]:
        proxies = self._revealed(self.proxies, "config", "proxies")
        config: dict[str, Any] = {**self.config, "proxies": proxies or None}
        options = {**self.options, **self._revealed(self.credentials)}
        if "endpoint_url" not in options and "ignore_configured_endpoint_urls" not in config:
            # Another endpoint, of the environment or another profile, is the program's store.
            config["ignore_configured_endpoint_urls"] = True
            options["endpoint_url"] = self._endpoint(core)
        return {**options, "config": botocore_config(config)}

    def _endpoint(self, core: Any) -> str | None:
        """Give the endpoint that the profile names, None for AWS."""
        if self.profile_name is None:
            return None
        profile = core.get_scoped_config()
        services = core.full_config.get("services", {}).get(profile.get("services"), {})
        found: str | None = services.get("s3", {}).get("endpoint_url")
        return found or profile.get("endpoint_url")

    def _revealed(self, secrets: Mapping[str, Secret], *within: str) -> dict[str, str]:
        problems: list[Problem] = []
        found: dict[str, str] = {}
        for field, secret in secrets.items():
            try:
                found[field] = revealed(secret, self.file.parent)
            except SecretError as error:
                place = place_of("clients", self.name, *within, field)
                file = str(self.file)
                problems.append(Problem(place=place, found=error.found, mend=error.mend, file=file))
        if problems:
            raise ConfigError(problems)
        return found


def botocore_config(options: Mapping[str, Any]) -> BotocoreConfig:
    """Make botocore's own configuration; ``"unsigned"`` is what a file calls its `UNSIGNED`."""
    options = dict(options)
    if options.get("signature_version") == "unsigned":
        options["signature_version"] = botocore.UNSIGNED
    return BotocoreConfig(**options)


def with_defaults(
    kind: Type, options: Mapping[str, Any], config: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Add what a kind of store needs, where nothing else is said."""
    if kind != "lakefs":
        return dict(options), dict(config)
    settings = {**_LAKEFS, **config}
    settings["s3"] = {**_LAKEFS["s3"], **config.get("s3", {})}
    return {"region_name": _LAKEFS_REGION, **options}, settings


def lakefs_client(endpoint_url: str, **options: Any) -> Any:
    """Make a boto3 S3 client with the settings that a lakeFS gateway needs.

    They are Signature Version 4, path-style addressing, checksums only where they are required,
    and a region; they hold for this client alone.

    Args:
        endpoint_url: Where lakeFS is, ``"https://lakefs.example.com"``.
        options: What `boto3.client` takes besides; what is said here wins.

    Example:
        >>> import botwo
        >>> lakefs = botwo.lakefs_client("https://lakefs.example.com",
        ...                              aws_access_key_id="k", aws_secret_access_key="s")
        >>> lakefs.meta.config.s3["addressing_style"]
        'path'
    """
    import boto3

    given = options.pop("config", None)
    options, settings = with_defaults("lakefs", options, {})
    config = BotocoreConfig(**settings)
    if given is not None:
        s3: Any = {**settings["s3"], **(getattr(given, "s3", None) or {})}
        config = config.merge(given).merge(BotocoreConfig(s3=s3))
    return boto3.client("s3", endpoint_url=endpoint_url, config=config, **options)
