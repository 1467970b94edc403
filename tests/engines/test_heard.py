"""What a store hears of an engine that was told of it: its own credentials, by its own host."""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import json
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from engine_readers import (
    OTHER_STORE,
    READERS,
    no_such_object,
    read_by_polars,
    read_by_pyarrow,
)

import botwo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engines


class Heard(NamedTuple):
    """A server that has nothing, and what it was asked."""

    url: str
    requests: list[dict[str, str]]


@contextmanager
def _hearing(tls: ssl.SSLContext | None = None) -> Iterator[Heard]:
    requests: list[dict[str, str]] = []

    class Keeper(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeper)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield Heard(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}", requests)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def heard() -> Iterator[Heard]:
    """A server that has nothing and keeps what it is asked."""
    with _hearing() as heard:
        yield heard


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that nobody has issued, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1))
        .not_valid_after(datetime.datetime(2100, 1, 1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = tmp_path / "certificate.pem"
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, *plain))
    return file


def _asks(read: Any, **options: Any) -> None:
    """Read by an engine from a store that has nothing, while the environment names another one."""
    options = {"region_name": "own-1", "aws_access_key_id": "OWN", **options}
    store = boto3.session.Session().client("s3", aws_secret_access_key="own", **options)
    s3 = botwo.client({"s": store}, [{"bucket_name": "*", "client": "s"}])
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in OTHER_STORE.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(no_such_object(read)):
            read(botwo.storage_options("s3://data/t/x.parquet", s3))


@pytest.mark.parametrize("token", [None, "own-token"])
@pytest.mark.parametrize("read", READERS)
def test_a_store_hears_its_own_credentials_alone(heard: Any, read: Any, token: str | None) -> None:
    """What an engine sends is signed with the store's key and token for its region."""
    url, requests = heard

    _asks(read, endpoint_url=url, aws_session_token=token)

    assert requests
    for request in requests:
        assert "Credential=OWN/" in request["authorization"]
        assert "/own-1/s3/" in request["authorization"]
        assert (token or "") == request.get("x-amz-security-token", "")
        assert "other" not in json.dumps(request)


@pytest.mark.parametrize("read", READERS)
def test_a_store_that_takes_anyone_hears_no_credentials(heard: Any, read: Any) -> None:
    """An unsigned client's store gets no signature, though the environment has keys."""
    url, requests = heard

    _asks(read, endpoint_url=url, config=Config(signature_version=UNSIGNED))

    assert requests
    assert [] == [each for each in requests if "authorization" in each or "other" in str(each)]


@pytest.mark.parametrize("read", [read_by_polars, read_by_pyarrow])
def test_a_virtual_host_is_asked_by_the_clients_proxy(heard: Any, read: Any) -> None:
    """The bucket stands in the host's name, and the request goes to the proxy of the config."""
    url, requests = heard
    config = Config(s3={"addressing_style": "virtual"}, proxies={"http": url})

    _asks(read, endpoint_url="http://store.example:81", config=config)

    assert {"data.store.example:81"} == {request["host"] for request in requests}


@pytest.mark.parametrize(
    ("read", "verify"), [(read_by_polars, False), (read_by_pyarrow, "certificate")]
)
def test_a_store_is_trusted_as_its_client_trusts_it(
    certificate: Path, read: Any, verify: Any
) -> None:
    """An engine takes a certificate that nobody issued where the client was told to take it."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)

    with _hearing(tls) as heard:
        _asks(read, endpoint_url=heard.url, verify=verify and str(certificate))

    assert heard.requests
