"""What pytest runs s3fs's suite with: a server of this run's own, and botwo where it is asked for.

The suite starts moto by itself, on ports that two runs would share, and inside the process; here
those starts empty a server that there is already. Its files stay as they are.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import os
import sys
from pathlib import Path
from typing import Any

import botocore.session
import moto.moto_server.threaded_moto_server
import pytest
from s3fs_settings import CONFIG, ENDPOINT, OUTCOMES
from servers import Server, reset
from servers import moto as running_moto

_unrouted = botocore.session.Session.create_client
_outcomes: dict[str, str] = {}
_buckets: set[str] = set()
"""What the server called its buckets when one of the suite's modules had ended."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the server, before any file of the suite is imported."""
    running = running_moto()
    server = running.__enter__()
    config.add_cleanup(lambda: running.__exit__(None, None, None))
    os.environ[ENDPOINT] = server.endpoint_url
    os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "foo"
    moto.moto_server.threaded_moto_server.ThreadedMotoServer = functools.partial(_Served, server)
    # Each test makes several sessions: botocore's models are read once for all of them.
    botocore.session.create_loader = functools.lru_cache(botocore.session.create_loader)
    if CONFIG in os.environ:
        _route()


class _Served:
    """moto's server, as far as the suite knows it."""

    def __init__(self, server: Server, **_: Any) -> None:
        self._server = server

    def start(self) -> None:
        reset(self._server)

    def stop(self) -> None:
        answer = _unrouted(
            botocore.session.Session(), "s3", endpoint_url=self._server.endpoint_url
        ).list_buckets()
        _buckets.update(bucket["Name"] for bucket in answer["Buckets"])


def _route() -> None:
    import fsspec
    import s3fs.core
    import s3fs_routed

    import botwo

    s3fs.S3FileSystem = s3fs.core.S3FileSystem = s3fs_routed.S3FileSystem
    for protocol in ("s3", "s3a"):
        fsspec.register_implementation(protocol, s3fs_routed.S3FileSystem, clobber=True)
    config = botwo.load(os.environ[CONFIG])

    def create_client(self: Any, *args: Any, **options: Any) -> Any:
        kept = s3fs_routed.without_endpoint(options)
        if kept == options:
            return _unrouted(self, *args, **options)
        return config.routed(self, functools.partial(_unrouted, self, *args, **kept))

    botocore.session.Session.create_client = create_client


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the suite's files look for the server where it is."""
    for module in {sys.modules[item.module.__name__] for item in items}:
        if hasattr(module, "endpoint_uri"):
            module.endpoint_uri = os.environ[ENDPOINT]
    for name in ("s3fs.tests.test_s3fs", "s3fs.tests.derived.s3fs_fixtures"):
        if name in sys.modules:
            sys.modules[name].endpoint_uri = os.environ[ENDPOINT]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine, as pytest-asyncio does where it is installed."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Keep what became of a test: the worst of its parts."""
    report = yield
    before = _outcomes.get(item.nodeid, "passed")
    now = "xfailed" if hasattr(report, "wasxfail") and report.skipped else report.outcome
    if before == "passed" or now == "failed":
        _outcomes[item.nodeid] = now
    return report


def pytest_sessionfinish() -> None:
    """Write what became of the tests, and the buckets that they left behind."""
    told = {"outcomes": _outcomes, "buckets": sorted(_buckets)}
    Path(os.environ[OUTCOMES]).write_text(json.dumps(told))
