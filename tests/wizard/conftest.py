"""What the wizard's tests share."""

import contextlib
import resource

import pytest


@pytest.fixture
def full_disk():
    """No file may grow beyond so many bytes while the block lasts: what a full disk looks like."""

    @contextlib.contextmanager
    def full(most_bytes):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return full
