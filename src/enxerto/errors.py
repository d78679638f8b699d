"""Every error that Enxerto raises on purpose, and the exit code that the command line ends with.

    EnxertoError                    1   the job could not be done
    ├── DataError                   1   the photos or labels can't be used as they are
    │   └── PhotoError              1   one photo can't be read; carries a reason code and the path
    ├── EngineError                 1   a network can't run on the engine asked for
    ├── WeightsMissingError         1   pretrained weights are not on this machine and can't be fetched
    ├── OptionError                 2   an option or argument is impossible
    │   ├── BoundsError             2   pixels outside [0, 1]
    │   └── UnknownNameError        2   a name that doesn't exist; lists near matches
    ├── BusyError                   4   another process holds what this one needs
    ├── StorageError                5   disk full, no permission, I/O error
    ├── IntegrityError              6   a file is not what its checksum or schema says; nothing was loaded
    └── QualityGateError            7   the model is worse than --min-accuracy asked for

Each leaf is also the builtin exception that it refines, so `except ValueError` works as Python users expect.
Exit code 0 is success, 3 is "finished, but some photos could not be read" (with `--on-error fail`), 130 and 143 are
signals.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

EXIT_SKIPPED = 3
EXIT_INTERRUPTED = 130


class EnxertoError(Exception):
    """The root of the tree; catch it to catch everything that Enxerto raises on purpose."""

    exit_code = 1


class DataError(EnxertoError, ValueError):
    """The photos or labels can't be used as they are."""


class PhotoError(DataError):
    """One photo can't be read.

    Attributes:
        code: the reason, one of `enxerto.data.decode.REASONS`.
        detail: the reason in words.
        path: the photo's path where it is known.
    """

    def __init__(self, code: str, detail: str, path: Path | None = None) -> None:
        super().__init__(f"{path}: {detail} ({code})" if path is not None else f"{detail} ({code})")
        self.code = code
        self.detail = detail
        self.path = path


class EngineError(EnxertoError, RuntimeError):
    """A network can't run on the engine or device asked for."""


class WeightsMissingError(EnxertoError, FileNotFoundError):
    """Pretrained weights are not on this machine and can't be fetched."""


class OptionError(EnxertoError, ValueError):
    """An option or argument is impossible."""

    exit_code = 2


class BoundsError(OptionError):
    """Pixels lie outside [0, 1]."""


class UnknownNameError(OptionError, LookupError):
    """A name that doesn't exist; the message lists near matches."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known[:12])}"
        super().__init__(f"unknown {kind} {name!r}; {hint}")


class BusyError(EnxertoError, TimeoutError):
    """Another process holds what this one needs."""

    exit_code = 4


class StorageError(EnxertoError, OSError):
    """Disk full, no permission, or another I/O error; the message names the path."""

    exit_code = 5


class IntegrityError(EnxertoError, ValueError):
    """A file is not what its checksum or schema says; nothing of it was loaded."""

    exit_code = 6


class QualityGateError(EnxertoError):
    """The model is worse than `--min-accuracy` asked for."""

    exit_code = 7
