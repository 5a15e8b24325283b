"""The way out by TLS: a certificate must be for the name in the URL, whatever address that name has."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.unit.unified.deliveries.receiver import Answer, receiver, says
from unified.addresses import networks
from unified.egress import post

LOOPBACK = networks(["127.0.0.0/8"])
HEADERS = {"content-type": "application/json"}


def loopback(_host: str, _port: int, _seconds: float) -> list[str]:
    """Resolve every name to this machine."""
    return ["127.0.0.1"]


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make a certificate for ``name``; returns the server's context and that of a client which trusts it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(minutes=5))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "certificate.pem"
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


@pytest.mark.parametrize(
    ("host", "problem"), [("hooks.example.com", None), ("other.example.com", "tls")], ids=["its own", "another"]
)
def test_a_certificate_must_be_for_the_urls_name_whatever_address_is_connected_to(
    tmp_path: Path, host: str, problem: str | None
) -> None:
    server, client = certificate(tmp_path, "hooks.example.com")

    with receiver(says("200 OK"), tls=server) as there:
        url = f"https://{host}:{there.port}/"
        outcome = post(url, HEADERS, b"{}", allowed=LOOPBACK, resolve=loopback, tls=client)

    assert outcome.problem == problem
    assert len(there.requests) == (0 if problem else 1)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, "hooks.example.com")

    with receiver(says("200 OK"), tls=server) as there:
        url = f"https://hooks.example.com:{there.port}/"
        outcome = post(url, HEADERS, b"{}", allowed=LOOPBACK, resolve=loopback)

    assert outcome[:2] == (None, "tls")
    assert there.requests == []


def test_a_server_without_tls_is_no_https_server() -> None:
    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw(answer) as port:
        assert post(f"https://127.0.0.1:{port}/", HEADERS, b"{}", allowed=LOOPBACK)[:2] == (None, "tls")


@contextlib.contextmanager
def raw(answer: Answer) -> Generator[int]:
    """Answer whatever bytes come first, once."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                answer(connection, connection.recv(65536))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)
