"""What training returns: the classifier, its figures and its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from enxerto.classifier import Classifier
from enxerto.errors import DataError
from enxerto.evaluation import Evaluation
from enxerto.jobs.labelled import Judged
from enxerto.report import ReportContents, UnmeasuredContents


@dataclass(frozen=True)
class Trained:
    """What `train` returns.

    Attributes:
        classifier: ready to predict.
        contents: every figure, as the report shows it; `UnmeasuredContents`, without figures, where every photo was
            needed to learn from.
        html: the report.
        path: where the model was saved, `None` when no output was asked for.
        judged: which photos it got right, of those that the evaluation counts; `None` where nothing was measured.
    """

    classifier: Classifier
    contents: ReportContents | UnmeasuredContents
    html: str
    path: Path | None
    judged: Judged | None = None

    @property
    def measured(self) -> bool:
        """Whether there are figures of how good the classifier is."""
        return isinstance(self.contents, ReportContents)

    @property
    def evaluation(self) -> Evaluation:
        """How good the classifier is on photos that it has not learned from, copies of them left out, too.

        Raises:
            DataError: nothing was measured, as every photo was needed to learn from.
        """
        if isinstance(self.contents, UnmeasuredContents):
            raise DataError(f"nothing was measured: {self.contents.reason}; add a second photo of each class")
        return self.contents.honest
