"""`enxerto report`."""

from __future__ import annotations

from pathlib import Path

import click

from enxerto.cli import options
from enxerto.cli.messages import tell


@click.command("report")
@click.argument("model", type=options.PATH)
@click.option("-o", "--output", type=options.PATH, required=True, help="HTML file to write; - for stdout.")
@click.option("--photos", type=options.PATH, help="Where the photos are now, if they were moved.")
@options.quiet
def command(model: Path, output: Path, photos: Path | None, quiet: bool) -> None:
    """Draw the report of the saved MODEL again, from the results it carries."""
    from enxerto.files import write_durably
    from enxerto.jobs import rerender

    to_stdout = str(output) == "-"
    if not to_stdout:
        options.require_outside(model, output)
    html = rerender(model, photos)
    if to_stdout:
        click.echo(html, nl=False)
        return
    write_durably(output, html.encode())
    tell(f"report  {output.resolve()}", quiet)
