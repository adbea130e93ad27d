"""Refusals of the service (RFC 9457), as exceptions. Catch the class; `code` tells them apart further and stays the same."""

from __future__ import annotations

import json
from typing import Any


class KoblingError(Exception):
    """Anything that went wrong."""


class Unreachable(KoblingError):
    """No connection, or none that lasted. Whether something was done is not known; ask where things stand."""


class NotFromService(KoblingError):
    """An answer that no Kobling service gives: another address, or something on the way."""


class Refused(KoblingError):
    """The service refused. `str()` says what, and what to do."""

    def __init__(self, problem: dict[str, Any], retry_after: float | None = None) -> None:
        self.code: str = problem["code"]
        self.status: int = problem["status"]
        self.title: str = problem["title"]
        self.advice: str = problem.get("advice", "")
        # The same in Danish.
        self.title_da: str = problem.get("da", {}).get("title", self.title)
        self.advice_da: str = problem.get("da", {}).get("advice", self.advice)
        # Seconds after which the service wants to be asked again; None where it did not say.
        self.retry_after = retry_after
        super().__init__(f"{self.title}; {self.advice}" if self.advice else self.title)


class Unauthenticated(Refused):
    """No valid token."""


class Forbidden(Refused):
    """The role may not."""


class NotFound(Refused):
    """Nothing there, or nothing that the caller may know of."""


class Conflict(Refused):
    """Things stand otherwise than the request supposes."""


class NoSnapshot(Conflict):
    """Nothing has been sealed yet."""


class StatementNotDue(Conflict):
    """A statement of payment that can be made later."""


class StatementOverlaps(Conflict):
    """A statement of payment that shares days with one that was made."""


class Gone(Refused):
    """It is no longer open."""


class Invalid(Refused):
    """What was sent is not taken: its form, or what it says."""


class TryLater(Refused):
    """Nothing is wrong with the request: the service has too much to do, or is not ready. See `retry_after`."""


class QuotaSpent(TryLater):
    """A quota of the day is spent."""


class ServiceFault(Refused):
    """Something is wrong at the service; its operator finds more in the log."""


class DiskFull(ServiceFault):
    """The service has no room left."""


_BY_CODE: dict[str, type[Refused]] = {
    "no-snapshot": NoSnapshot,
    "statement-not-due": StatementNotDue,
    "statement-overlaps": StatementOverlaps,
    "followup-quota": QuotaSpent,
    "disk-full": DiskFull,
}
_BY_STATUS: dict[int, type[Refused]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    423: TryLater,
    429: TryLater,
    503: TryLater,
}


def refusal(status: int, content_type: str, body: bytes, retry_after: str | None) -> KoblingError:
    """The exception for an answer that is none of success."""
    if content_type.split(";")[0].strip() != "application/problem+json":
        return NotFromService(f"status {status}, and no problem as the service gives it: is this the right address?")
    try:
        problem = json.loads(body)
        code = problem["code"]
        problem["title"], problem["status"] = problem["title"], status
    except (ValueError, KeyError, TypeError):
        return NotFromService(f"status {status} with a problem that cannot be read")
    other: type[Refused] = ServiceFault if status >= 500 else Invalid
    kind = _BY_CODE.get(code, _BY_STATUS.get(status, other))
    try:
        seconds = None if retry_after is None else float(retry_after)
    except ValueError:
        seconds = None
    return kind(problem, seconds)
