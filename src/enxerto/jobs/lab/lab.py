"""The lesson's lab: from an archive to classifiers on the official split, a backbone each, compared on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from enxerto.backbones import DEFAULT, find
from enxerto.backbones.catalog import EMBEDDED
from enxerto.backbones.weights import is_present
from enxerto.classifier import require_free
from enxerto.data import Limits
from enxerto.errors import OptionError, WeightsMissingError
from enxerto.files import write_durably
from enxerto.jobs.imagining.names import file_names
from enxerto.jobs.lab.photos import lab_licence, lab_listing
from enxerto.jobs.lab.ranking import Measured, ranked
from enxerto.jobs.provenance import now, versions
from enxerto.jobs.training.train import train
from enxerto.progress import Progress, silent
from enxerto.report import LabContents, lab_to_json, render_lab

PAGE, RECORD, MODELS = "lab.html", "lab.json", "models"


@dataclass(frozen=True)
class Lab:
    """What a lab returns: its figures and where the page lies."""

    contents: LabContents
    page: Path


def lab_pets(
    output: str | Path,
    *,
    data: str | Path = "pets",
    backbones: Sequence[str] = (),
    mirror: str | None = None,
    precision: str = "auto",
    device: str = "auto",
    offline: bool = False,
    cache: bool = True,
    seed: int = 0,
    force: bool = False,
    limits: Limits | None = None,
    command: str | None = None,
    progress: Progress = silent,
) -> Lab:
    """Train a classifier of pet breeds on each backbone, and compare them on the official test split.

    Args:
        output: a directory for the page, its figures and a model for each backbone.
        data: a folder of `enxerto data get pets`, one in the layout of the archives (`images/`, `annotations/`), a
            folder of photos named `breed_12.jpg` (without a split, so that there is cross-validation), or a CSV file.
            Where there is nothing, the data set is downloaded to it.
        backbones: by name; by default those whose weights come with a package that is installed.
        mirror: of the data set.
        precision: as for `train`.
        device: as for `train`.
        offline: never download.
        cache: keep features for the next time.
        seed: of everything random.
        force: replace a lab at `output`.
        limits: of bytes and pixels a photo.
        command: the command line to print on the page.
        progress: how to show progress.

    Raises:
        UnknownNameError: there is no such backbone.
        OptionError: there is a lab at `output`.
        DataError: there are no photos, or nothing could be measured.
        WeightsMissingError: no backbone's weights are on this machine or can be fetched.
    """
    target = Path(output)
    names = list(dict.fromkeys(find(name).name for name in backbones)) or _present()
    folders = file_names([(name,) for name in names], [None] * len(names))
    _require_free(target, folders, force=force)
    listing = lab_listing(Path(data), target, mirror=mirror, offline=offline, progress=progress)
    measured: list[Measured] = []
    left_out: list[tuple[str, str]] = []
    for name, folder in zip(names, folders, strict=True):
        model = target / MODELS / folder
        try:
            trained = train(
                listing, model, backbone=name, control=False, curve=False, precision=precision, device=device,
                offline=offline, force=force, cache=cache, seed=seed, limits=limits, progress=progress,
                command=f"enxerto train {listing} -o {model} --backbone {name} --no-control --no-curve",
            )  # fmt: skip
        except WeightsMissingError as error:
            left_out.append((name, str(error)))
        else:
            measured.append(Measured.of(trained, f"{MODELS}/{folder}"))
    if not measured:
        raise WeightsMissingError("; ".join(why for _, why in left_out))
    first = measured[0].contents
    contents = LabContents(
        title="Pets",
        source=str(data),
        command=command or f"enxerto lab pets -o {output}",
        created=now(),
        protocol=first.honest.protocol,
        classes=len(first.honest.classes),
        evaluated=first.honest.photos,
        readable=first.health.readable,
        listed=first.health.readable + len(first.health.skipped),
        entries=ranked(measured),
        left_out=tuple(left_out),
        licence=lab_licence(listing),
        versions=versions(),
        seed=seed,
    )
    write_durably(target / RECORD, lab_to_json(contents))
    write_durably(target / PAGE, render_lab(contents).encode())
    return Lab(contents, target / PAGE)


def _present() -> list[str]:
    """The backbones whose weights come with a package that is installed; the default one at least."""
    return [entry.name for entry in EMBEDDED if is_present(entry)] or [DEFAULT]


def _require_free(target: Path, folders: Sequence[str], *, force: bool) -> None:
    """See that everything can be written, before any work is done."""
    there = next((target / name for name in (PAGE, RECORD) if (target / name).exists()), None)
    if there is not None and not force:
        raise OptionError(f"there is {there} already; pass --force to replace it")
    for folder in folders:
        require_free(target / MODELS / folder, force=force)
