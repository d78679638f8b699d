"""`enxerto predict`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from enxerto.classifier.prediction import Prediction
from enxerto.cli import options
from enxerto.cli.messages import exit_code, print_json, progress

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@click.command("predict")
@click.argument("model", type=options.PATH)
@click.argument("photos", type=options.PATH, nargs=-1, required=True)
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values on stdout instead of a table.")
@options.precision
@options.device
@options.offline
@options.max_megapixels
@options.on_error
@options.json
@options.quiet
def command(
    model: Path,
    photos: tuple[Path, ...],
    as_csv: bool,
    precision: str,
    device: str,
    offline: bool,
    max_megapixels: float,
    on_error: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Classify PHOTOS (files and folders) with the saved MODEL.

    A photo that looks like nothing the model has learned from gets "none of these" beside its most likely class.
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other")
    from enxerto.classifier import Classifier

    classifier = Classifier.load(model, device=device, precision=precision, offline=offline)
    predictions = classifier.stream(photos, limits=options.limits(max_megapixels), progress=progress(quiet))
    if as_json:
        skipped = _print_json(predictions, classifier.classes)
    elif as_csv:
        skipped = _print_csv(predictions, classifier.classes)
    else:
        skipped = _print_table(predictions)
    return exit_code(skipped, on_error)


def _print_json(predictions: Iterable[Prediction], classes: tuple[str, ...]) -> int:
    every = list(predictions)
    print_json("predictions", {"classes": classes, "predictions": every})
    return sum(prediction.problem is not None for prediction in every)


def _print_csv(predictions: Iterable[Prediction], classes: tuple[str, ...]) -> int:
    click.echo(_csv_row(["photo", "label", "probability", "unfamiliar", "prediction_set", "problem", *classes]))
    skipped = 0
    for prediction in predictions:
        skipped += prediction.problem is not None
        probabilities = [f"{probability:.6f}" for probability in prediction.probabilities] or [""] * len(classes)
        click.echo(
            _csv_row([
                prediction.name, prediction.label or "", f"{prediction.probability:.6f}",
                "yes" if prediction.unfamiliar else "no", "|".join(prediction.prediction_set), prediction.problem or "",
                *probabilities,
            ])
        )  # fmt: skip
    return skipped


def _csv_row(cells: Iterable[str]) -> str:
    """One line; a cell that a spreadsheet would take for a formula gets an apostrophe in front."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)
    return line.getvalue()


def _print_table(predictions: Iterable[Prediction]) -> int:
    skipped = 0
    for prediction in predictions:
        skipped += prediction.problem is not None
        click.echo("  ".join(_cells(prediction)))
    return skipped


def _cells(prediction: Prediction) -> Iterator[str]:
    from enxerto.report.wording import percent, visible

    yield visible(prediction.name)
    if prediction.problem is not None:
        yield f"not read: {visible(prediction.problem)}"
        return
    yield f"{visible(prediction.label or '')} {percent(prediction.probability)}"
    if prediction.unfamiliar:
        yield "none of these?"
    elif len(prediction.prediction_set) > 1:
        yield f"one of: {', '.join(map(visible, prediction.prediction_set))}"
