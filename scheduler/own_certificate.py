"""https to the agent on this computer: it has to show the very certificate that the settings name."""

from __future__ import annotations

import ssl
from pathlib import Path


def trusting(cert: Path) -> ssl.SSLContext:
    """Trust this certificate and no other, whoever signed it and whatever names it is made out to.

    It is pinned: the agent is called by its address on this computer, and a certificate from the internet
    is made out to a name. Raises OSError when the file can't be read or is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # its signer need not be in the file
    context.load_verify_locations(cafile=str(cert))
    return context
