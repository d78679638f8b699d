"""The table of knobs in the documentation of ideal images."""

from __future__ import annotations

import re
from pathlib import Path

from enxerto.visualize.ideal.knobs import KNOBS


def test_every_knob_is_documented_as_its_help_says() -> None:
    text = (Path(__file__).parents[2] / "docs/ideal.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `--([a-z-]+)` `(.+?)` \| (.+) \|$", text, re.MULTILINE)
    assert [(name, values.replace("\\|", "|"), about) for name, values, about in rows] == [
        (knob.name, knob.values, knob.about) for knob in KNOBS
    ]
