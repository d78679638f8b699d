"""`enxerto check`."""

from __future__ import annotations

from pathlib import Path

import click

from enxerto.cli import options
from enxerto.cli.messages import exit_code, print_json, progress


@click.command("check")
@click.argument("source", type=options.PATH)
@options.label_pattern
@options.max_megapixels
@options.on_error
@options.json
@options.quiet
def command(
    source: Path, label_pattern: str | None, max_megapixels: float, on_error: str, as_json: bool, quiet: bool
) -> int:
    """Look over the photos in SOURCE, changing none.

    Every file gets a verdict; exact and near duplicates, duplicates with different labels, leaks between given splits
    and imbalance are named.
    """
    from enxerto.data import check, list_photos
    from enxerto.report import health_table

    photos = list_photos(source, label_pattern=label_pattern)
    records, health = check(photos, limits=options.limits(max_megapixels), progress=progress(quiet))
    if as_json:
        verdicts = [
            {"photo": photo.name, "verdict": record.code, "detail": record.detail, "sha256": record.sha256}
            for photo, record in zip(photos.photos, records, strict=True)
        ]
        print_json("check", {"health": health, "photos": verdicts})
    else:
        click.echo(health_table(health), nl=False)
    return exit_code(len(health.skipped), on_error)
