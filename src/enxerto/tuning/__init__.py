"""Fine-tuning the backbone from the solved head, and the training tricks that can be switched on and off.

The names below are imported when they are first used: most of them need PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from enxerto.tuning.recipe import Recipe

if TYPE_CHECKING:
    from enxerto.tuning.history import Epoch, FitHistory
    from enxerto.tuning.material import Material
    from enxerto.tuning.problems import require_possible
    from enxerto.tuning.task import Surroundings
    from enxerto.tuning.team import Team, join_team
    from enxerto.tuning.tricks import read_tricks
    from enxerto.tuning.tune import Tuned, fine_tune

_HOME_OF = {
    "Epoch": "history",
    "FitHistory": "history",
    "Material": "material",
    "Surroundings": "task",
    "Team": "team",
    "Tuned": "tune",
    "fine_tune": "tune",
    "join_team": "team",
    "read_tricks": "tricks",
    "require_possible": "problems",
}

__all__ = [
    "Epoch",
    "FitHistory",
    "Material",
    "Recipe",
    "Surroundings",
    "Team",
    "Tuned",
    "fine_tune",
    "join_team",
    "read_tricks",
    "require_possible",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'enxerto.tuning' has no attribute {name!r}")
    return getattr(import_module(f"enxerto.tuning.{_HOME_OF[name]}"), name)
