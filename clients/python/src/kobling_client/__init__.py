"""A client of a Kobling service. `example.py` beside this package shows it at work."""

from .answer import HIDDEN, Answer, Band, Changed, Hidden, Value
from .client import Client
from .errors import (
    Conflict,
    DiskFull,
    Forbidden,
    Gone,
    Invalid,
    KoblingError,
    NoSnapshot,
    NotFound,
    NotFromService,
    QuotaSpent,
    Refused,
    ServiceFault,
    StatementNotDue,
    StatementOverlaps,
    TryLater,
    Unauthenticated,
    Unreachable,
)
from .program import Program, ProgramFailed

__all__ = [
    "HIDDEN",
    "Answer",
    "Band",
    "Changed",
    "Client",
    "Conflict",
    "DiskFull",
    "Forbidden",
    "Gone",
    "Hidden",
    "Invalid",
    "KoblingError",
    "NoSnapshot",
    "NotFound",
    "NotFromService",
    "Program",
    "ProgramFailed",
    "QuotaSpent",
    "Refused",
    "ServiceFault",
    "StatementNotDue",
    "StatementOverlaps",
    "TryLater",
    "Unauthenticated",
    "Unreachable",
    "Value",
]
