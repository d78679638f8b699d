"""What a classifier says of a file today, next to its original: no record of an attack is believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from enxerto.attack.file.survival import named_transforms
from enxerto.attack.file.verify import answers, change_between, checked, fools
from enxerto.backbones import DEFAULT
from enxerto.classifier import Classifier, Prediction
from enxerto.data import Limits
from enxerto.data.decode import decode, read_bytes
from enxerto.errors import PhotoError
from enxerto.jobs.fooling.fool import CONFIDENCE, chosen_class, opened
from enxerto.report.attack.contents import VerifiedContents

CLASSES_KEPT = 5


def verify_attack(
    file: str | Path,
    original: str | Path | None = None,
    *,
    target: str | None = None,
    label: str | None = None,
    confidence: float = CONFIDENCE,
    survive: str = "",
    model: Classifier | str | Path | None = None,
    backbone: str = DEFAULT,
    device: str = "auto",
    offline: bool = False,
    limits: Limits | None = None,
) -> VerifiedContents:
    """Ask a classifier about a file that is said to fool it.

    Args:
        file: to ask about; any format that photos come in.
        original: the photo that it was made from; what the classifier says of it counts as what it shows.
        target: the class that should be predicted; any but the label by default.
        label: what the photo shows, where the classifier isn't to be believed.
        confidence: probability that the wrong class should have at least.
        survive: as for `fool`.
        model: as for `fool`.
        backbone: as for `fool`.
        device: as for `fool`.
        offline: as for `fool`.
        limits: of bytes and pixels a photo.

    Raises:
        PhotoError: the file or the original can't be read.
        DataError: the original has another size.
        OptionError: there is no such class or transform.
    """
    limits = limits or Limits()
    named = named_transforms(survive)
    content, photo = _read(Path(file), limits)
    classifier, asked = opened(model, backbone, device, offline)
    wanted, shown = chosen_class(target, classifier), chosen_class(label, classifier)
    before, change = None, None
    if original is not None:
        original_content, original_photo = _read(Path(original), limits)
        change = change_between(original_photo, photo)
        before = answers(classifier, [original_content], limits)[0]
        shown = classifier.classes.index(str(before.label)) if shown is None else shown
    judged = shown is not None or wanted is not None
    right = shown if shown is not None else -1
    after, survived = checked(classifier, content, photo, named, right, wanted, limits)
    return VerifiedContents(
        file=str(file),
        original=None if original is None else str(original),
        model=asked,
        label=None if shown is None else classifier.classes[shown],
        target=None if wanted is None else classifier.classes[wanted],
        confidence=confidence,
        fools=fools(classifier, after, right, wanted, confidence) if judged else None,
        classes=_classes(classifier, before, after),
        change=change,
        survival=survived if judged else (),
    )


def _read(path: Path, limits: Limits) -> tuple[bytes, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    try:
        content = read_bytes(path, limits)
        return content, decode(content, limits=limits).image
    except PhotoError as error:
        raise PhotoError(error.code, error.detail, path) from error


def _classes(
    classifier: Classifier, before: Prediction | None, after: Prediction
) -> tuple[tuple[str, float | None, float], ...]:
    old = np.array(before.probabilities) if before is not None else np.zeros(len(classifier.classes))
    new = np.array(after.probabilities)
    kept = {int(each) for values in (new, old) for each in np.argsort(-values, kind="stable")[:CLASSES_KEPT]}
    return tuple(
        (classifier.classes[each], float(old[each]) if before is not None else None, float(new[each]))
        for each in sorted(kept, key=lambda each: (-new[each], each))
    )
