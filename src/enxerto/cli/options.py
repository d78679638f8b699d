"""Options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from enxerto.data.reading import Limits
from enxerto.errors import QualityGateError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

PATH = click.Path(path_type=Path)

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
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Exit with code 7 when the accuracy is lower.",
)
max_megapixels = click.option(
    "--max-megapixels",
    type=click.FloatRange(min=0, min_open=True),
    default=Limits().pixels / 1e6,
    show_default=True,
    help="Photos with more pixels are not read.",
)


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, in this order in the help."""
    return lambda function: reduce(lambda wrapped, option: option(wrapped), reversed(options), function)


def limits(max_megapixels: float) -> Limits:
    """The limits that `--max-megapixels` means."""
    return Limits(pixels=int(max_megapixels * 1e6))


def require_accuracy(accuracy: float, least: float | None) -> None:
    """Raise a `QualityGateError` when the accuracy is lower than `--min-accuracy`."""
    if least is not None and accuracy < least:
        raise QualityGateError(f"accuracy is {accuracy:.4f}, lower than the {least:.4f} that --min-accuracy asks for")
