"""Where a robustness report goes: its page, its figures, and the journal that it can go on from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from enxerto.classifier.manifest import NAME as MODEL
from enxerto.errors import OptionError
from enxerto.files import storage_errors, write_durably
from enxerto.report.robustness.contents import RobustnessContents

PAGE, RECORD, JOURNAL = "robustness.html", "robustness.json", "robustness.jsonl"


def require_writable(output: Path, source: Path, photos: Sequence[Path], *, resume: bool, force: bool) -> None:
    """See that a report can be written, before any work is done.

    Args:
        output: the directory.
        source: where the photos were given.
        photos: that are measured; none of them may lie in the output, and the output not among them.
        resume: go on with what is there.
        force: start anew in place of what is there.

    Raises:
        OptionError: there is a report already, or the place is not for reports.
    """
    place = output.resolve()
    inside = source.is_dir() and place.is_relative_to(source.resolve())
    if inside or any(photo.resolve().is_relative_to(place) for photo in photos):
        raise OptionError(f"the output {output} lies among the photos; choose another directory")
    if any((folder / MODEL).exists() for folder in (place, *place.parents)):
        raise OptionError(f"{output} lies in a model's directory, which would be no intact model; choose another")
    if output.exists() and not output.is_dir():
        raise OptionError(f"{output} is a file; give a directory")
    there = next((output / name for name in (PAGE, RECORD, JOURNAL) if (output / name).exists()), None)
    if there is not None and not resume and not force:
        raise OptionError(f"there is {there} already; go on with it by --resume, or start anew with --force")


def clear(output: Path) -> None:
    """Delete an earlier report; nothing else that lies there.

    Raises:
        StorageError: the files can't be deleted.
    """
    with storage_errors(output):
        for name in (PAGE, RECORD, JOURNAL):
            (output / name).unlink(missing_ok=True)


def write_robustness(output: Path, contents: RobustnessContents, html: str) -> None:
    """Write the page and its figures.

    Raises:
        StorageError: the disk is full, or the path can't be written.
    """
    record = {"format": "enxerto-robustness", "version": 1, "contents": contents}
    write_durably(output / RECORD, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
    write_durably(output / PAGE, html.encode())
