"""The report of a saved model, drawn again, and the thumbnails that every report shows."""

from __future__ import annotations

from pathlib import Path

from enxerto.classifier import read_manifest
from enxerto.data import PhotoSet, list_photos
from enxerto.report import ReportContents, from_json, make_thumbnails, render


def thumbnails_of(contents: ReportContents, photos: PhotoSet) -> dict[str, bytes]:
    """Thumbnails of the photos that a report shows: mistakes and suspicious labels."""
    evaluation = contents.without_seen or contents.evaluation
    shown = {outcome.path for outcome in (*evaluation.mistakes, *evaluation.suspicious_labels)}
    return make_thumbnails({photo.name: photo.path for photo in photos.photos if photo.name in shown})


def rerender(model: Path, photos: Path | None = None) -> str:
    """The report of a saved model as HTML, drawn by this version of Enxerto.

    Args:
        model: the model's directory.
        photos: where its photos are now; by default where they were. Those not found are drawn as placeholders.

    Raises:
        IntegrityError: the directory is no intact model.
    """
    read_manifest(model)
    contents = from_json((model / "results.json").read_bytes())
    return render(contents, thumbnails=thumbnails_of(contents, _found(contents, photos)))


def _found(contents: ReportContents, photos: Path | None) -> PhotoSet:
    """The photos shown, by their names below the folder that they came from."""
    root = photos or Path(contents.source)
    if photos is not None and not photos.exists():
        list_photos(photos)  # says what is wrong with it
    from enxerto.data import Photo

    folder = root if root.is_dir() else root.parent
    evaluation = contents.without_seen or contents.evaluation
    names = {outcome.path for outcome in (*evaluation.mistakes, *evaluation.suspicious_labels)}
    found = [Photo(folder / name, name) for name in sorted(names) if (folder / name).is_file()]
    return PhotoSet(root, tuple(found), "report")
