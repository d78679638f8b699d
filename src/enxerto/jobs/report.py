"""The report of a saved model, drawn again, and the thumbnails that every report shows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from enxerto.classifier import Classifier, read_manifest
from enxerto.data import Limits, Photo, PhotoSet, list_photos
from enxerto.errors import IntegrityError, WeightsMissingError
from enxerto.jobs.explaining.mistakes import mistake_overlays
from enxerto.report import (
    ReportContents,
    UnmeasuredContents,
    from_json,
    make_thumbnails,
    render,
    render_unmeasured,
)


def thumbnails_of(contents: ReportContents, photos: PhotoSet, limits: Limits | None = None) -> dict[str, bytes]:
    """Thumbnails of the photos that a report shows."""
    shown = _shown(contents)
    paths = {photo.name: photo.path for photo in photos.photos if photo.name in shown}
    return make_thumbnails(paths, limits=limits or Limits())


def rerender(model: Path, photos: Path | None = None) -> str:
    """The report of a saved model as HTML, drawn by this version of Enxerto.

    Args:
        model: the model's directory.
        photos: where its photos are now; by default where they were. Those not found are drawn as placeholders.

    Raises:
        IntegrityError: the directory is no intact model.
    """
    read_manifest(model)
    path = model / "results.json"
    try:
        contents = from_json(path.read_bytes())
    except OSError as error:
        raise IntegrityError(f"{path} can't be read: {error.strerror or error}") from error
    if isinstance(contents, UnmeasuredContents):
        return render_unmeasured(contents)
    found = _found(contents, photos)
    return render(contents, thumbnails=thumbnails_of(contents, found), overlays=_overlays(model, contents, found))


def _overlays(model: Path, contents: ReportContents, found: PhotoSet) -> dict[str, bytes]:
    """Of the worst mistakes; none where a slim model's backbone is not here."""
    if not len(found):
        return {}
    with suppress(WeightsMissingError):
        return mistake_overlays(Classifier.load(model, offline=True), contents, found)
    return {}


def _found(contents: ReportContents, photos: Path | None) -> PhotoSet:
    """The photos shown, by their names below the folder that they came from."""
    root = photos or Path(contents.source)
    if photos is not None and not photos.exists():
        list_photos(photos)  # says what is wrong with it
    folder = root if root.is_dir() else root.parent
    found = [Photo(folder / name, name) for name in sorted(_shown(contents)) if (folder / name).is_file()]
    return PhotoSet(root, tuple(found), "report")


def _shown(contents: ReportContents) -> set[str]:
    """Names of the mistakes and suspicious labels."""
    return {outcome.path for outcome in (*contents.honest.mistakes, *contents.honest.suspicious_labels)}
