"""A service that wants to be asked again later, as `Retry-After` says: one made up, so that it can be busy at will."""

import http.server
import json
import pathlib
import threading
from collections.abc import Iterator

import pytest

from kobling_client import Client, NotFromService, QuotaSpent, ServiceFault, TryLater

PROBLEM = {"type": "urn:x", "title": "busy", "status": 503, "code": "busy", "advice": "wait", "da": {"title": "optaget", "advice": "vent"}}


class Busy:
    """Answers what the test lists, one after the other."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.asked = 0
        busy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                busy.asked += 1
                status, headers, body = busy.answers.pop(0)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def problem(self, status: int, code: str, **headers: str) -> None:
        said = {"Content-Type": "application/problem+json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.answers.append((status, said, json.dumps({**PROBLEM, "status": status, "code": code}).encode()))


@pytest.fixture
def busy() -> Iterator[Busy]:
    service = Busy()
    yield service
    service.server.shutdown()
    service.server.server_close()


def client(busy: Busy, folder: pathlib.Path, slept: list[float], patience: float = 60) -> Client:
    (folder / "a.token").write_text("kobling-token-1.made-up\n", "utf-8")
    address = f"http://127.0.0.1:{busy.server.server_port}"
    return Client(address, folder / "a.token", patience=patience, sleep=slept.append)


def test_what_the_service_says_is_waited_and_asked_again(busy: Busy, tmp_path: pathlib.Path) -> None:
    slept: list[float] = []
    busy.problem(429, "too-many", Retry_After="2")
    busy.problem(503, "busy", Retry_After="5")
    busy.answers.append((200, {"Content-Type": "application/json"}, b"[]"))
    assert client(busy, tmp_path, slept).packages() == []
    assert slept == [2, 5] and busy.asked == 3


def test_waiting_ends_with_patience(busy: Busy, tmp_path: pathlib.Path) -> None:
    slept: list[float] = []
    for _ in range(3):
        busy.problem(503, "busy", Retry_After="30")
    with pytest.raises(TryLater) as later:
        client(busy, tmp_path, slept).packages()
    assert slept == [30, 30] and later.value.retry_after == 30 and later.value.title_da == "optaget"


def test_nothing_is_repeated_that_the_service_did_not_ask_for(busy: Busy, tmp_path: pathlib.Path) -> None:
    slept: list[float] = []
    asked = client(busy, tmp_path, slept)
    busy.problem(429, "followup-quota")
    with pytest.raises(QuotaSpent):
        asked.packages()
    busy.problem(500, "internal", Retry_After="1")
    with pytest.raises(ServiceFault):
        asked.packages()
    busy.answers.append((502, {"Content-Type": "text/html"}, b"<h1>Bad Gateway</h1>"))
    with pytest.raises(NotFromService):
        asked.packages()
    assert slept == [] and busy.asked == 3
