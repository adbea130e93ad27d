"""An answer as it was served: kept byte for byte, verified, and read as records."""

from __future__ import annotations

import hashlib
import json
import pathlib
from dataclasses import dataclass
from typing import Any, cast

from . import models
from .errors import KoblingError


class Changed(KoblingError):
    """The answer is not as it was served."""


@dataclass(frozen=True)
class Hidden:
    """A figure that the rules of disclosure hide. It is no zero, and nothing can be reckoned with it."""

    def __repr__(self) -> str:
        return "hidden"


@dataclass(frozen=True)
class Band:
    """A figure of which bounds are told: `low` to `high`, each included; None where that end is open."""

    low: float | None
    high: float | None


Value = int | float | Hidden | Band | None
HIDDEN = Hidden()


class Answer:
    """An answer to a question, or a standing report."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        # Decimals as they are written.
        self.content = cast(models.AnswerView, json.loads(body))

    def save(self, path: str | pathlib.Path) -> None:
        """Writes it as it came, so that `verify` and `kobling ask --verify` hold."""
        pathlib.Path(path).write_bytes(self.body)

    @classmethod
    def load(cls, path: str | pathlib.Path) -> Answer:
        """Reads a kept answer, and verifies it."""
        answer = cls(pathlib.Path(path).read_bytes())
        answer.verify()
        return answer

    def verify(self) -> str:
        """Recomputes the SHA-256 that the answer carries, over its text without that member, which is the last one.

        Raises `Changed` where they differ. An answer laid out anew is for `kobling ask --verify`.
        """
        said = self.content["sha256"]
        tail = f',"sha256":"{said}"}}'.encode()
        body = self.body.rstrip()
        if not body.endswith(tail):
            raise Changed("the answer is not laid out as it was served; `kobling ask --verify` reads such ones")
        found = hashlib.sha256(body[: -len(tail)] + b"}").hexdigest()
        if found != said:
            raise Changed(f"the answer says sha256 {said}, and its content has {found}")
        return found

    def records(self) -> list[dict[str, Value | str]]:
        """A record for each row of the table: codes by the ids of the key columns, figures by their ids."""
        table = self.content["table"]
        heads = [cast("dict[str, Any]", head)["id"] for head in table["figures"]]
        records: list[dict[str, Value | str]] = []
        for row in table["rows"]:
            record: dict[str, Value | str] = dict(zip(table["columns"], row["key"], strict=True))
            for head, figure in zip(heads, row["figures"], strict=True):
                record[head] = value(cast("dict[str, Any] | None", figure))
            records.append(record)
        return records


def value(figure: dict[str, Any] | None) -> Value:
    """A figure as Python has it. None: it does not apply to the row."""
    if figure is None:
        return None
    if figure.get("hidden"):
        return HIDDEN
    for exact in ("count", "percent", "number"):
        if exact in figure:
            return cast("int | float", figure[exact])
    return Band(figure.get("low", figure.get("at_least")), figure.get("high", figure.get("at_most")))
