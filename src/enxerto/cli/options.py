"""Options that several commands take."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from enxerto.data.reading import Limits
from enxerto.errors import OptionError, QualityGateError

if TYPE_CHECKING:
    from enxerto.report import ReportContents, UnmeasuredContents

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

PATH = click.Path(path_type=Path)


class Number(click.FloatRange):
    """A number within limits; not NaN, which click finds within any."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that was typed."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


label_pattern = click.option(
    "--label-pattern",
    metavar="REGEX",
    help="Label in the file names of a flat folder: one group, matched without the ending, e.g. '(.+)_\\d+'.",
)
device = click.option(
    "--device",
    type=click.Choice(["auto", "openvino", "torch", "cuda"]),
    default="auto",
    show_default=True,
    help="What runs the network; auto takes a GPU where there is one, else OpenVINO.",
)
precision = click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16"]),
    default="fp32",
    show_default=True,
    help="fp32 gives the same probabilities on every machine.",
)
offline = click.option("--offline", is_flag=True, help="Never download; HF_HUB_OFFLINE=1 says the same.")
no_cache = click.option("--no-cache", is_flag=True, help="Don't keep features for the next time.")
seed = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of everything random."
)
quiet = click.option("-q", "--quiet", is_flag=True, help="No progress, no messages.")
json = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of a table.")
on_error = click.option(
    "--on-error",
    type=click.Choice(["skip", "fail"]),
    default="skip",
    show_default=True,
    help="fail: exit with code 3 when some photos could not be read; the work is done all the same.",
)
min_accuracy = click.option(
    "--min-accuracy",
    type=Number(0, 1),
    metavar="SHARE",
    help="Exit with code 7 when the accuracy is lower.",
)
max_megapixels = click.option(
    "--max-megapixels",
    type=Number(0, 1e6, min_open=True),
    default=Limits().pixels / 1e6,
    show_default=True,
    help="Photos with more pixels are not read.",
)


def _radius(_context: click.Context, parameter: click.Parameter, typed: str | None) -> Any:
    if typed is None:
        return None
    from enxerto.tuning.limits import read

    if Path(typed).exists():
        raise OptionError(
            f"--{parameter.name} took {typed} for its radius; write the photos before it, or --{parameter.name}=1/255"
        )
    return read("adversarial", f"--{parameter.name}", typed)


_KNOBS = (
    click.option(
        "--adversarial", is_flag=False, flag_value="1/255", metavar="[RADIUS]", callback=_radius,
        help="Learn from photos that are changed so as to fool the network, each value by up to RADIUS, such as "
        "2/255; without one by up to 1/255. The report says what it costs and what it buys.",
    ),
    click.option("--epochs", type=int, metavar="N", help="Passes over the training photos."),
    click.option("--batch", type=int, metavar="N", help="Photos a step, over all processes together."),
    click.option("--accumulate", type=int, metavar="N", help="Compute each batch in N pieces, to save memory."),
    click.option("--held-out", type=float, metavar="SHARE", help="Photos to choose the best weights by."),
    click.option("--checkpoint-minutes", type=float, metavar="M", help="Between checkpoints within an epoch."),
    click.option(
        "--tuning-precision", "precision_of_tuning", type=click.Choice(["auto", "fp32", "bf16"]),
        help="Arithmetic of fine-tuning; auto takes bf16 where the processor has it.",
    ),
)  # fmt: skip
trick = click.option(
    "--trick", "tricks", multiple=True, metavar="NAME[=VALUE]",
    help="Switch a training trick: mixup, label-smoothing=0.05, no-average, optimizer=sgd, stages=all, …; may be given "
    "several times. See: enxerto tricks --list.",
)  # fmt: skip


def recipe(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a fine-tuning recipe; those given reach the command as `knobs`, by their names in `Recipe`."""

    @wraps(command)
    def gathering(*arguments: Any, **values: Any) -> Any:
        same = ("adversarial", "epochs", "batch", "accumulate", "held_out", "checkpoint_minutes")
        names = {name: name for name in same}
        names["precision_of_tuning"] = "precision"
        given = {field: values.pop(name) for name, field in names.items()}
        knobs = {field: value for field, value in given.items() if value is not None}
        return command(*arguments, knobs=knobs, **values)

    return together(trick, *_KNOBS)(gathering)


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, in this order in the help."""
    return lambda function: reduce(lambda wrapped, option: option(wrapped), reversed(options), function)


def limits(max_megapixels: float) -> Limits:
    """The limits that `--max-megapixels` means."""
    return Limits(pixels=int(max_megapixels * 1e6))


def require_outside(model: Path, output: Path) -> None:
    """Raise an `OptionError` when a file to write lies in a model's directory, whose files have checksums."""
    if output.resolve().is_relative_to(model.resolve()):
        raise OptionError(
            f"{output} lies in the model's directory, which would be no intact model; choose another path"
        )


def require_accuracy(contents: ReportContents | UnmeasuredContents, least: float | None) -> None:
    """Raise a `QualityGateError` when the accuracy on photos not learned from is lower than `--min-accuracy`."""
    if least is None:
        return
    if contents.evaluation is None:
        raise QualityGateError(
            f"nothing was measured, so that no accuracy can be told for --min-accuracy: {contents.reason}; add photos"
        )
    if contents.only_seen:
        raise QualityGateError("every photo was in training, so that no accuracy can be told for --min-accuracy")
    accuracy = contents.honest.accuracy.value
    if accuracy < least:
        raise QualityGateError(f"accuracy is {accuracy:.4f}, lower than the {least:.4f} that --min-accuracy asks for")
