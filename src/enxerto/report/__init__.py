"""Frozen results into one self-contained HTML page, plain text or JSON."""

from enxerto.report.comparison.contents import (
    ComparedBackbone,
    ComparisonContents,
    Found,
    Speed,
    TransferCard,
    Wishes,
)
from enxerto.report.comparison.page import render_comparison
from enxerto.report.comparison.table import comparison_table
from enxerto.report.contents import BackboneCard, ReportContents, TricksContents, TuningCard
from enxerto.report.feature_maps.contents import FeatureMapsContents
from enxerto.report.feature_maps.page import LayerPictures, PagePictures, render_feature_maps
from enxerto.report.feature_maps.table import feature_maps_table
from enxerto.report.ideal.contents import IdealCard, IdealContents
from enxerto.report.ideal.page import Pictures, render_ideal
from enxerto.report.ideal.table import ideal_table
from enxerto.report.lab.contents import LabContents, LabEntry
from enxerto.report.lab.page import lab_table, render_lab
from enxerto.report.page import render
from enxerto.report.record import (
    comparison_from_json,
    comparison_to_json,
    feature_maps_from_json,
    feature_maps_to_json,
    from_json,
    ideal_from_json,
    ideal_to_json,
    lab_from_json,
    lab_to_json,
    to_json,
    tricks_from_json,
    tricks_to_json,
)
from enxerto.report.terminal import health_table, summary
from enxerto.report.thumbnails import make_thumbnails
from enxerto.report.tricks.page import render_tricks
from enxerto.report.tricks.table import tricks_table
from enxerto.report.unmeasured.contents import UnmeasuredContents
from enxerto.report.unmeasured.page import render_unmeasured

__all__ = [
    "BackboneCard",
    "ComparedBackbone",
    "ComparisonContents",
    "FeatureMapsContents",
    "Found",
    "IdealCard",
    "IdealContents",
    "LabContents",
    "LabEntry",
    "LayerPictures",
    "PagePictures",
    "Pictures",
    "ReportContents",
    "Speed",
    "TransferCard",
    "TricksContents",
    "TuningCard",
    "UnmeasuredContents",
    "Wishes",
    "comparison_from_json",
    "comparison_table",
    "comparison_to_json",
    "feature_maps_from_json",
    "feature_maps_table",
    "feature_maps_to_json",
    "from_json",
    "health_table",
    "ideal_from_json",
    "ideal_table",
    "ideal_to_json",
    "lab_from_json",
    "lab_table",
    "lab_to_json",
    "make_thumbnails",
    "render",
    "render_comparison",
    "render_feature_maps",
    "render_ideal",
    "render_lab",
    "render_tricks",
    "render_unmeasured",
    "summary",
    "to_json",
    "tricks_from_json",
    "tricks_table",
    "tricks_to_json",
]
