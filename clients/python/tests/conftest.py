"""The service that the tests ask: started by tests/outside, which says where it is."""

import os
import pathlib

import pytest

from kobling_client import Client


@pytest.fixture
def service() -> str:
    return os.environ["KOBLING_SERVICE"]


@pytest.fixture
def tokens() -> pathlib.Path:
    return pathlib.Path(os.environ["KOBLING_TOKENS"])


@pytest.fixture
def evaluator(service: str, tokens: pathlib.Path) -> Client:
    return Client(service, tokens / "vive-1.token")


@pytest.fixture
def partner(service: str, tokens: pathlib.Path) -> Client:
    return Client(service, tokens / "police-it.token")
