"""What the letters' tests share: a house, and a certificate as a router makes one."""

import subprocess

import pytest

from tests.conftest import need
from tests.notify.street import House


@pytest.fixture
def house(tmp_path):
    return House(tmp_path / "state" / "outbox.db")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A self-made certificate for localhost, as a router or a NAS has one: (certificate, key)."""
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *(need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-out", paths[0], "-keyout", paths[1]),
        ],
        check=True,
        capture_output=True,
    )
    return paths
