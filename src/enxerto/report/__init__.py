"""Frozen results into one self-contained HTML page, plain text or JSON."""

from enxerto.report.contents import BackboneCard, ReportContents
from enxerto.report.page import render
from enxerto.report.record import from_json, to_json
from enxerto.report.terminal import health_table, summary
from enxerto.report.thumbnails import make_thumbnails

__all__ = [
    "BackboneCard",
    "ReportContents",
    "from_json",
    "health_table",
    "make_thumbnails",
    "render",
    "summary",
    "to_json",
]
