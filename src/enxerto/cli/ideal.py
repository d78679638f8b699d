"""`enxerto ideal`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Literal

import click

from enxerto.cli import options
from enxerto.cli.messages import command_line, print_json, progress, tell
from enxerto.errors import EXIT_INTERRUPTED
from enxerto.visualize.ideal.knobs import KNOBS


def _knobs(command: Callable[..., Any]) -> Callable[..., Any]:
    """An option for each knob of a recipe; those given reach the command as `knobs`, as they were typed."""

    @wraps(command)
    def gathering(*arguments: Any, **values: Any) -> Any:
        given = {knob.name: values.pop(f"knob_{knob.field}") for knob in KNOBS}
        knobs = {name: text for name, text in given.items() if text is not None}
        return command(*arguments, knobs=knobs, **values)

    listed = [
        click.option(f"--{knob.name}", f"knob_{knob.field}", metavar=knob.values, help=knob.about) for knob in KNOBS
    ]
    return options.together(*listed)(gathering)


@click.command("ideal")
@click.argument("classes", nargs=-1)
@click.option("-o", "--output", type=options.PATH, help="Directory for the images, the page and the record.")
@click.option(
    "--recipe", default="robust", show_default=True, metavar="lesson|robust",
    help="lesson: pixels and total variation, as courses teach it. robust: waves, seen in many ways.",
)  # fmt: skip
@_knobs
@click.option("--seeds", type=int, default=1, show_default=True, metavar="N", help="Images of each class.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the first; the others count up.")
@click.option("--start", default="noise", show_default=True, metavar="noise|#RRGGBB|PHOTO", help="What to start from.")
@click.option("--layer", default="", metavar="NAME", help="Instead of classes: channels of this layer.")
@click.option("--channel", "channels", type=int, multiple=True, metavar="N", help="Of it; may be given several times.")
@click.option(
    "--backbone", "backbones", multiple=True, metavar="NAME",
    help="A network with ImageNet's classes; several make images together.  [default: efficientnet_lite0]",
)  # fmt: skip
@click.option(
    "--model", "models", type=options.PATH, multiple=True, metavar="DIR",
    help="A saved model instead; several of the same classes judge each other's images.",
)  # fmt: skip
@click.option(
    "--verifier", "verifiers", multiple=True, metavar="NAME|DIR",
    help="Who judges, instead of SqueezeNet and an EfficientNet-Lite; may be given several times.",
)  # fmt: skip
@click.option(
    "--stop-when-agreed", is_flag=True,
    help="Be done when verifiers put the class first; at least one of them takes no part in that, and judges.",
)  # fmt: skip
@click.option(
    "--vary", metavar="KNOB=V1,V2,…",
    help="An image for each value of a knob, side by side: --vary tv-weight=0,10,100.",
)  # fmt: skip
@click.option("--film", "films", is_flag=True, help="Also a film of each image.")
@click.option(
    "--film-kind", type=click.Choice(["webp", "gif"]), default="webp", show_default=True, help="Of the films."
)
@options.device
@options.offline
@click.option("--resume", is_flag=True, help="Keep the images at the output that are finished, and make the others.")
@click.option("--force", is_flag=True, help="Replace files of the same names.")
@options.json
@options.quiet
def command(
    classes: tuple[str, ...],
    output: Path | None,
    vary: str | None,
    films: bool,
    film_kind: Literal["webp", "gif"],
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Make the ideal image of CLASSES (names or indices) by gradient ascent, and ask other networks what they see.

    Each image is saved as a PNG, read back, and shown to networks that had no part in it. Ctrl-C ends it early; what
    was finished is kept.
    """
    if output is None:
        raise click.UsageError("Missing option '-o' / '--output'.")
    from enxerto.jobs import ideal
    from enxerto.jobs.imagining.files import PAGE
    from enxerto.report import ideal_table

    made = ideal(
        classes, output, vary=_varied(vary), film=film_kind if films else None, command=command_line(),
        progress=progress(quiet), **settings,
    )  # fmt: skip
    if as_json:
        print_json("ideal", made.contents)
    else:
        click.echo(ideal_table(made.contents), nl=False)
    tell(f"\npage  {(output / PAGE).resolve()}", quiet)
    if made.contents.unfinished:
        tell("enxerto: interrupted; what was finished is kept, and --resume makes the rest")
        return EXIT_INTERRUPTED
    return 0


def _varied(text: str | None) -> tuple[str, tuple[str, ...]] | None:
    """`KNOB=V1,V2` in parts."""
    if text is None:
        return None
    knob, _, values = text.partition("=")
    return knob, tuple(filter(None, values.split(",")))
