"""The report's charts: inline SVG with a title, a takeaway and the table of their data."""

from enxerto.report.charts.ascent import ascent_chart
from enxerto.report.charts.confusion import MOST_CLASSES, confusion_heatmap
from enxerto.report.charts.gauge import accuracy_gauge, control_gauge, scratch_gauge
from enxerto.report.charts.growth import growth_chart
from enxerto.report.charts.history import history_chart
from enxerto.report.charts.layers import layers_chart
from enxerto.report.charts.rates import learning_rate_chart
from enxerto.report.charts.reliability import reliability_diagram
from enxerto.report.charts.rows import class_counts, class_scores, pair_bars
from enxerto.report.charts.svg import Chart
from enxerto.report.charts.tricks import effects_chart
from enxerto.report.charts.ways import ways_chart

__all__ = [
    "MOST_CLASSES",
    "Chart",
    "accuracy_gauge",
    "ascent_chart",
    "class_counts",
    "class_scores",
    "confusion_heatmap",
    "control_gauge",
    "effects_chart",
    "growth_chart",
    "history_chart",
    "layers_chart",
    "learning_rate_chart",
    "pair_bars",
    "reliability_diagram",
    "scratch_gauge",
    "ways_chart",
]
