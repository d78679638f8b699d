"""Templates into HTML files that need no network, no script and no other file.

Every page carries a content security policy that allows nothing from outside, only its own style sheet and embedded
pictures; names of files and classes are escaped by Jinja2 and isolated in their text direction.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup

from enxerto.report import wording


def filled(template: str, **values: object) -> str:
    """A template with its values and the style sheet filled in; the same values give the same text."""
    style = _template_text("report.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _environment().get_template(template).render(style=Markup(style), style_hash=digest, **values)


def _template_text(name: str) -> str:
    return (resources.files("enxerto.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "change": wording.change,
        "change_interval": wording.change_interval,
        "count": wording.count,
        "duration": wording.seconds,
        "grey_levels": wording.grey_levels,
        "moment": wording.moment,
        "name": wording.isolated,
        "number": wording.number,
        "number_interval": wording.number_interval,
        "percent": wording.percent,
        "percent_interval": wording.percent_interval,
        "points": wording.points,
        "points_interval": wording.points_interval,
        "ratio": wording.ratio,
        "visible": wording.visible,
    }
    environment.filters.update(filters)
    return environment
