"""The way to the service: one request a call, over TLS, with a token from a file."""

from __future__ import annotations

import http.client
import json
import pathlib
import ssl
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from . import models
from .answer import Answer
from .errors import KoblingError, Refused, TryLater, Unreachable, refusal
from .operations import Operations

TOKEN = "kobling-token-1."


class Client(Operations):
    """A client of one service.

    `token_file` holds the line `kobling-token-1.…` that the operator gave. `certificate_authority` is a PEM file where the
    service's certificate is not one that the system trusts; `client_certificate` and `client_key` are PEM files where the
    service asks for a certificate of the client. Where the service says when to ask again (`Retry-After`), the client
    waits and asks again as long as the waiting adds up to no more than `patience` seconds: such a request was refused
    before anything was done.
    """

    def __init__(
        self,
        service: str,
        token_file: str | pathlib.Path,
        *,
        certificate_authority: str | pathlib.Path | None = None,
        client_certificate: str | pathlib.Path | None = None,
        client_key: str | pathlib.Path | None = None,
        timeout: float = 600,
        patience: float = 60,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        address = urllib.parse.urlsplit(service)
        loopback = address.hostname in ("127.0.0.1", "::1", "localhost")
        if address.scheme != "https" and not (address.scheme == "http" and loopback):
            raise KoblingError("the service's address begins with https://; http:// is for this machine alone")
        if address.hostname is None or address.path not in ("", "/") or address.query or address.username:
            raise KoblingError("the service's address is https://HOST or https://HOST:PORT and nothing more")
        self._host, self._port, self._secure = address.hostname, address.port, address.scheme == "https"
        lines = pathlib.Path(token_file).read_text("utf-8").splitlines()
        tokens = [line.strip() for line in lines if line.startswith(TOKEN)]
        if len(tokens) != 1:
            raise KoblingError(f"{token_file} does not hold one line {TOKEN}…")
        self._token = tokens[0]
        self._context: ssl.SSLContext | None = None
        if self._secure:
            self._context = ssl.create_default_context(cafile=certificate_authority)
            if client_certificate is not None:
                self._context.load_cert_chain(client_certificate, client_key)
        self._timeout, self._patience, self._sleep = timeout, patience, sleep

    def __repr__(self) -> str:
        return f"Client({self._host}, token hidden)"

    def call(self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None) -> Any:
        """Sends a request; the answer's JSON, or None where there is none.

        Raises `Refused` and what is under it, `Unreachable`, `NotFromService`.
        """
        answer = self.fetch(method, path, query=query, body=body)
        return json.loads(answer) if answer else None

    def fetch(self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None) -> bytes:
        """The same with the answer's bytes as they came."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        target = path + ("?" + urllib.parse.urlencode(given) if given else "")
        sent = None if body is None else json.dumps(body).encode()
        waited = 0.0
        while True:
            try:
                return self._once(method, target, sent)
            except TryLater as later:
                if later.retry_after is None or waited + later.retry_after > self._patience:
                    raise
                waited += later.retry_after
                self._sleep(later.retry_after)

    def _once(self, method: str, target: str, body: bytes | None) -> bytes:
        connection: http.client.HTTPConnection
        if self._context is not None:
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout, context=self._context
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        elif method == "POST":
            body = b""
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self._host} does not answer ({type(error).__name__})") from error
        finally:
            connection.close()
        if 200 <= response.status < 300:
            return content
        raise refusal(
            response.status, response.headers.get("Content-Type", ""), content, response.headers.get("Retry-After")
        )

    def answer(self, question: str, body: models.AskRequest) -> Answer:
        """Asks a question; the answer as it was served, verified."""
        path = f"/v1/questions/{urllib.parse.quote(question, safe='')}"
        answer = Answer(self.fetch("POST", path, body=body))
        answer.verify()
        return answer

    def standing_report(self, question: str, quarter: str) -> Answer:
        """A standing report as it was served, verified."""
        question, quarter = (urllib.parse.quote(text, safe="") for text in (question, quarter))
        answer = Answer(self.fetch("GET", f"/v1/reports/{question}/{quarter}"))
        answer.verify()
        return answer


__all__ = ["Client", "Refused"]
