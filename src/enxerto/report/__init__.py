"""Frozen results into one self-contained HTML page, plain text or JSON."""

from enxerto.report.contents import BackboneCard, ReportContents, TricksContents, TuningCard
from enxerto.report.page import render
from enxerto.report.record import from_json, to_json, tricks_from_json, tricks_to_json
from enxerto.report.terminal import health_table, summary
from enxerto.report.thumbnails import make_thumbnails
from enxerto.report.tricks_page import render_tricks
from enxerto.report.tricks_table import tricks_table

__all__ = [
    "BackboneCard",
    "ReportContents",
    "TricksContents",
    "TuningCard",
    "from_json",
    "health_table",
    "make_thumbnails",
    "render",
    "render_tricks",
    "summary",
    "to_json",
    "tricks_from_json",
    "tricks_table",
    "tricks_to_json",
]
