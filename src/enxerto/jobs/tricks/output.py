"""Where the page of a comparison of tricks and its figures go."""

from __future__ import annotations

from pathlib import Path

from enxerto.errors import OptionError
from enxerto.files import write_durably
from enxerto.jobs.training.unfinished import unfinished_path
from enxerto.report import TricksContents, render_tricks, tricks_to_json

PAGE, RECORD = "tricks.html", "tricks.json"


def tricks_paths(output: Path) -> tuple[Path, Path]:
    """The page and its figures: in a directory, or an HTML file and one beside it."""
    if output.suffix.lower() in (".html", ".htm"):
        return output, output.with_suffix(".json")
    return output / PAGE, output / RECORD


def require_free_paths(output: Path, *, force: bool, resume: bool) -> None:
    """See that the page can be written, before any work is done.

    Args:
        output: as it was given.
        force: replace what is there.
        resume: replace what an interrupted comparison wrote.

    Raises:
        OptionError: there is something already, or the place is not for pages.
    """
    page, record = tricks_paths(output)
    if (page.parent / "model.json").exists():
        raise OptionError(f"{page} would lie in a model's directory, which would be no intact model; choose another")
    if page.parent.exists() and not page.parent.is_dir():
        raise OptionError(f"{page.parent} is a file; choose another path, or one that ends in .html")
    there = next((path for path in (page, record) if path.exists()), None)
    goes_on = resume and unfinished_path(output.resolve()).exists()
    if there is not None and not force and not goes_on:
        raise OptionError(f"there is {there} already; pass --force to replace it")


def write_tricks(contents: TricksContents, output: Path) -> None:
    """Write the page and its figures.

    Raises:
        StorageError: the disk is full, or the path can't be written.
    """
    page, record = tricks_paths(output)
    write_durably(record, tricks_to_json(contents))
    write_durably(page, render_tricks(contents).encode())
