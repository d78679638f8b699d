"""Why this class: which pixels of a photo an answer rests on, and how far to trust the picture that says so."""

from enxerto.visualize.attribution.explain import Attributed, Explainer
from enxerto.visualize.attribution.explanation import Attribution, Explanation, Faithfulness, Neighbor, SanityCheck
from enxerto.visualize.attribution.methods import METHODS, Method, find_methods

__all__ = [
    "METHODS",
    "Attributed",
    "Attribution",
    "Explainer",
    "Explanation",
    "Faithfulness",
    "Method",
    "Neighbor",
    "SanityCheck",
    "find_methods",
]
