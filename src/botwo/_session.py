"""`botwo.Session`: a boto3 session whose S3 clients and resources are routed by a config file."""

from __future__ import annotations

import functools
import inspect
import os
from typing import TYPE_CHECKING, Any

import boto3.session
from botocore.config import Config as BotocoreConfig

from botwo._config import Config, read_config
from botwo._errors import ConfigError, Problem
from botwo._making import own_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_plain = boto3.session.Session.client
_SIGNATURE = inspect.signature(_plain)
# They say who signs, and so must not be dropped; a session's region is other services' too.
_WHO = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "profile_name")
# boto3's resources pass them with every client that they ask for.
_NOT_THE_CALLERS = ("self", "service_name", "api_version", "config")


class Session(boto3.session.Session):
    """A boto3 session whose S3 clients and resources are routed.

    The client that the file marks ``application = true`` is the session's own: made with the
    session's and the call's credentials, region and config. Clients of other services, and those
    with an ``endpoint_url`` of their own, are boto3's.

    Args:
        config: A config file, or what `botwo.load` gave; None to find it as `botwo.load` does.
        options: What boto3's ``Session`` takes.

    Raises:
        ConfigError: The file cannot be used. When an S3 client is made: the session or the call
            says whose credentials, which region or config, and the file marks no client that takes
            them.

    Warns:
        ConfigWarning: The file allows something that is probably not meant.

    Example:
        >>> import botwo
        >>> session = botwo.Session("botwo.toml", profile_name="work")  # doctest: +SKIP
        >>> session.client("s3")  # doctest: +SKIP
        <botwo routed S3 client over aws, lakefs: 2 rules>
        >>> session.resource("s3").Bucket("bucket-a")  # doctest: +SKIP
        s3.Bucket(name='bucket-a')
    """

    def __init__(
        self, config: str | os.PathLike[str] | Config | None = None, **options: Any
    ) -> None:
        if not isinstance(config, Config):
            config = read_config(config, stacklevel=3)
        self._botwo_config = config
        self._botwo_who = [name for name in _WHO if options.get(name) is not None]
        super().__init__(**options)

    if not TYPE_CHECKING:  # type checkers see boto3's own, which knows each service's client

        @functools.wraps(_plain)
        def client(self, *args: Any, **kwargs: Any) -> Any:
            try:
                asked = _SIGNATURE.bind(self, *args, **kwargs).arguments
            except TypeError:
                return super().client(*args, **kwargs)  # says what is missing
            if asked["service_name"] != "s3" or asked.get("endpoint_url") is not None:
                return super().client(*args, **kwargs)
            config = self._botwo_config
            if config.application is None:
                own = own_credentials(self._session) if not self._botwo_who else []
                who = [*self._botwo_who, *(f"the botocore session's {name}" for name in own)]
                problems = list(_refused(config, who, asked))
                if problems:
                    raise ConfigError(problems)
            # Where `botwo.install` is at work too, this session's own file rules.
            return config.routed(self._session, functools.partial(super().client, *args, **kwargs))


def _refused(config: Config, who: list[str], asked: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what the caller says of a client that the file does not have."""
    of_session = [f"Session({name}=…)" if name in _WHO else name for name in who]
    of_call = [f"client('s3', {name}=…)" for name in asked if _says(name, asked[name])]
    for place in of_session + of_call:
        yield Problem(
            place=place,
            found="no client of the file takes it",
            mend="mark the one that does, `application = true`, or leave it out",
            file=str(config.path),
        )


def _says(name: str, value: Any) -> bool:
    if name == "config" and value is not None:
        default = BotocoreConfig()
        said = {option for option in vars(value) if option[0] != "_"}
        said = {each for each in said if getattr(value, each) != getattr(default, each, None)}
        return not said <= {"user_agent_extra"}
    unsaid = _SIGNATURE.parameters[name].default
    return name not in _NOT_THE_CALLERS and value is not None and value is not unsaid
