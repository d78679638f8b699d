"""The report's charts: inline SVG with a title, a takeaway and the table of their data."""

from enxerto.report.charts.confusion import MOST_CLASSES, confusion_heatmap
from enxerto.report.charts.gauge import accuracy_gauge, control_gauge
from enxerto.report.charts.reliability import reliability_diagram
from enxerto.report.charts.rows import class_counts, class_scores, pair_bars
from enxerto.report.charts.svg import Chart

__all__ = [
    "MOST_CLASSES",
    "Chart",
    "accuracy_gauge",
    "class_counts",
    "class_scores",
    "confusion_heatmap",
    "control_gauge",
    "pair_bars",
    "reliability_diagram",
]
