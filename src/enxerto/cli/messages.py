"""What commands share in talking to people: warnings on stderr, progress, JSON on stdout, the command line itself."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from typing import Any

import click
import msgspec

from enxerto.errors import EXIT_SKIPPED
from enxerto.progress import Progress, bar, silent

SCHEMA = 1


def show_warnings() -> None:
    """Warnings of the library go to stderr, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("enxerto: warning: %(message)s"))
    logger = logging.getLogger("enxerto")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.WARNING)
    logger.propagate = False


def progress(quiet: bool) -> Progress:
    """A bar, or nothing."""
    return silent if quiet else bar


def is_leader() -> bool:
    """Whether this process writes and speaks; of several that `torchrun` started, one does."""
    return os.environ.get("RANK", "0") == "0"


def tell(message: str, quiet: bool = False) -> None:
    """A message for people, on stderr."""
    if not quiet:
        click.echo(message, err=True)


def print_json(kind: str, content: Any) -> None:
    """One JSON object on stdout, with its kind and the version of its form."""
    rendered = msgspec.json.encode({"schema": SCHEMA, "kind": kind, "result": content}, enc_hook=str)  # paths
    click.echo(msgspec.json.format(rendered, indent=2).decode())


def command_line() -> str:
    """The command as it was typed, ready for a shell."""
    return shlex.join(["enxerto", *sys.argv[1:]])


def exit_code(skipped: int, on_error: str) -> int:
    """0, or 3 when photos could not be read and `--on-error fail` was given."""
    return EXIT_SKIPPED if skipped and on_error == "fail" else 0
