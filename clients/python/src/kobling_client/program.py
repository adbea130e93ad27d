"""What needs keys: left to the program `kobling`, which this package runs and never replaces.

Identifiers, the linkage key and the signing key are read by that program alone; nothing here sees them.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
from dataclasses import dataclass

from .errors import KoblingError


class ProgramFailed(KoblingError):
    """`kobling` ended with a status of its own (docs/PARTNER-GUIDE.md has the table); `said` is what it wrote."""

    def __init__(self, arguments: list[str], status: int, said: str) -> None:
        self.status, self.said = status, said
        super().__init__(f"kobling {arguments[0]} ended with status {status}: {said.strip()}")


@dataclass(frozen=True)
class Program:
    """The program, and where it is run: beside the partner's kobling.toml."""

    folder: str | pathlib.Path = "."
    program: str | pathlib.Path = "kobling"
    language: str = "en"

    def run(self, *arguments: str) -> str:
        """Runs `kobling ARGUMENTS`; what it wrote to its standard output. Raises `ProgramFailed`."""
        given = list(arguments)
        if not given:
            raise KoblingError("no command was given")
        try:
            done = subprocess.run(
                [str(self.program), *given],
                cwd=self.folder,
                env={**os.environ, "KOBLING_LANG": self.language},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            raise KoblingError(f"{self.program} cannot be run: {error.strerror}; is it installed?") from error
        if done.returncode != 0:
            raise ProgramFailed(given, done.returncode, done.stderr or done.stdout)
        return done.stdout

    def send(self, *, dry_run: bool = False) -> str:
        """`kobling send`: checks, tokenises, signs and sends what kobling.toml lists, and keeps the receipts."""
        return self.run("send", *(["--dry-run"] if dry_run else []))

    def doctor(self) -> str:
        """`kobling doctor`: whether everything on this machine is as it should be."""
        return self.run("doctor")
