"""The photos that a saved model has learned from, as far as they are still where they were."""

from __future__ import annotations

from pathlib import Path

from enxerto.classifier import Classifier, read_manifest
from enxerto.data import Limits
from enxerto.data.splitfile import listed_in_split
from enxerto.errors import IntegrityError, OptionError
from enxerto.progress import Progress
from enxerto.report import from_json
from enxerto.visualize.attribution.neighbors import LearnedPhotos, learned_photos, photos_below

SPLIT, RESULTS = "split.csv", "results.json"


def photos_known_to(
    classifier: Classifier,
    model: Classifier | str | Path | None,
    folder: str | Path | None,
    neighbors: int,
    *,
    notes: list[str],
    keep: bool,
    limits: Limits,
    progress: Progress,
) -> LearnedPhotos | None:
    """The training photos of a saved model, found by the names in its split and told by their content.

    Args:
        classifier: that was opened.
        model: what it was opened from.
        folder: of the training photos; where the model's record says that they were, when `None`.
        neighbors: how many will be shown; 0 looks for none.
        notes: gets a sentence when there are none.
        keep: keep features for the next time.
        limits: of bytes and pixels a photo.
        progress: how to show it.

    Raises:
        OptionError: a folder was given, and no saved model.
        DataError: the model's split is no such table.
    """
    if isinstance(model, Classifier | None):
        if folder is not None:
            raise OptionError("`learned_from` belongs to a saved model; give the model's directory, too")
        return None
    if not neighbors:
        return None
    directory = Path(model)
    root = Path(folder) if folder is not None else photos_folder(directory)
    if root is None or not (directory / SPLIT).is_file():
        notes.append("The model doesn't say which photos it has learned from, so that the nearest can't be shown.")
        return None
    candidates = photos_below(root, listed_in_split(directory / SPLIT))
    if not len(candidates):
        notes.append(
            f"The training photos are not in {root}, so that the nearest can't be shown; say where they are with "
            "--learned-from."
        )
        return None
    found = learned_photos(
        classifier, candidates, precision=read_manifest(directory).provenance.precision, keep=keep, limits=limits,
        progress=progress,
    )  # fmt: skip
    if found is None:
        notes.append(f"No photo in {root} is as it was when the model learned from it, so that none is shown.")
    return found


def photos_folder(directory: Path) -> Path | None:
    """The folder that a model's photos were in, as its record says."""
    try:
        source = Path(from_json((directory / RESULTS).read_bytes()).source)
    except (OSError, IntegrityError):
        return None
    return source.parent if source.suffix.lower() == ".csv" else source
