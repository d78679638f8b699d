"""Where the page of a comparison of tricks and its figures go."""

from __future__ import annotations

from pathlib import Path

from enxerto.files import write_durably
from enxerto.jobs.page_files import page_paths, require_free_page
from enxerto.jobs.training.unfinished import unfinished_path
from enxerto.report import TricksContents, render_tricks, tricks_to_json

STEM = "tricks"


def tricks_paths(output: Path) -> tuple[Path, Path]:
    """The page and its figures: in a directory, or an HTML file and one beside it."""
    return page_paths(output, STEM)


def require_free_paths(output: Path, *, force: bool, resume: bool) -> None:
    """See that the page can be written, before any work is done.

    Args:
        output: as it was given.
        force: replace what is there.
        resume: replace what an interrupted comparison wrote.

    Raises:
        OptionError: there is something already, or the place is not for pages.
    """
    goes_on = resume and unfinished_path(output.resolve()).exists()
    require_free_page(output, STEM, force=force or goes_on)


def write_tricks(contents: TricksContents, output: Path) -> None:
    """Write the page and its figures.

    Raises:
        StorageError: the disk is full, or the path can't be written.
    """
    page, record = tricks_paths(output)
    write_durably(record, tricks_to_json(contents))
    write_durably(page, render_tricks(contents).encode())
