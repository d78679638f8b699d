"""Where explanations go: a page, its figures, and overlays in the photos' own sizes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from enxerto.errors import OptionError
from enxerto.files import write_durably
from enxerto.jobs.imagining.names import file_names
from enxerto.report.explanation.contents import ExplanationContents

PAGE, RECORD = "explanation.html", "explanation.json"
FILES_AT_ONCE = 8
"""Writing mostly waits for the disk."""


def require_writable(output: Path, *, force: bool) -> None:
    """See that explanations can be written to a folder, before any work is done.

    Raises:
        OptionError: it is a model's directory, no folder, or there are explanations already and `force` is off.
    """
    if (output / "model.json").exists():
        raise OptionError(f"{output} is a model's directory, which would be no intact model; choose another")
    if output.exists() and not output.is_dir():
        raise OptionError(f"{output} is a file; give a folder for the page and the overlays")
    there = next((path for path in (output / PAGE, output / RECORD) if path.exists()), None)
    if there is not None and not force:
        raise OptionError(f"there is {there} already; pass --force to replace it")


def write_explanations(
    output: Path, contents: ExplanationContents, html: str, overlays: Sequence[dict[str, bytes]]
) -> None:
    """Write the page, its figures, and every overlay as `PHOTO-METHOD.jpg`.

    Raises:
        StorageError: the disk is full, or the folder can't be written.
    """
    named = [(Path(photo.name).stem, method) for photo, each in zip(contents.photos, overlays, strict=True)
             for method in each]  # fmt: skip
    contained = [content for each in overlays for content in each.values()]
    paths = [output / f"{name}.jpg" for name in file_names(named, [None] * len(named))]
    with ThreadPoolExecutor(FILES_AT_ONCE, thread_name_prefix="enxerto-files") as pool:
        list(pool.map(write_durably, paths, contained))
    record = {"format": "enxerto-explanation", "version": 1, "contents": contents}
    write_durably(output / RECORD, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
    write_durably(output / PAGE, html.encode())
