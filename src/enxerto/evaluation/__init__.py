"""How good a classifier is: figures with intervals, mistakes, suspicious labels, and a control."""

from enxerto.evaluation.control import control
from enxerto.evaluation.evaluate import evaluate
from enxerto.evaluation.results import ClassResult, Control, Evaluation, Interval, Outcome

__all__ = ["ClassResult", "Control", "Evaluation", "Interval", "Outcome", "control", "evaluate"]
