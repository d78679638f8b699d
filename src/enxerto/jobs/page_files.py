"""Where a page and its figures go: into a directory, or an HTML file with the figures beside it."""

from __future__ import annotations

from pathlib import Path

from enxerto.errors import OptionError


def page_paths(output: Path, stem: str) -> tuple[Path, Path]:
    """The page and its figures.

    Args:
        output: a directory, or an HTML file.
        stem: of both files in a directory.
    """
    if output.suffix.lower() in (".html", ".htm"):
        return output, output.with_suffix(".json")
    return output / f"{stem}.html", output / f"{stem}.json"


def require_free_page(output: Path, stem: str, *, force: bool) -> None:
    """See that the page can be written, before any work is done.

    Args:
        output: as for `page_paths`.
        stem: likewise.
        force: replace what is there.

    Raises:
        OptionError: there is something already, or the place is not for pages.
    """
    page, record = page_paths(output, stem)
    if (page.parent / "model.json").exists():
        raise OptionError(f"{page} would lie in a model's directory, which would be no intact model; choose another")
    if page.parent.exists() and not page.parent.is_dir():
        raise OptionError(f"{page.parent} is a file; choose another path, or one that ends in .html")
    there = next((path for path in (page, record) if path.exists()), None)
    if there is not None and not force:
        raise OptionError(f"there is {there} already; pass --force to replace it")
