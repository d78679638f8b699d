"""The end-to-end jobs behind the commands: train, evaluate, demo."""

from enxerto.jobs.evaluate import Evaluated, evaluate
from enxerto.jobs.report import rerender
from enxerto.jobs.train import Trained, train

__all__ = ["Evaluated", "Trained", "evaluate", "rerender", "train"]
