"""Heads: features to logits, solved rather than trained, and what makes their answers honest."""

from enxerto.heads.linear import ClassWeight, LinearHead
from enxerto.heads.probe import Decisions, LinearProbe, fit_probe

__all__ = ["ClassWeight", "Decisions", "LinearHead", "LinearProbe", "fit_probe"]
