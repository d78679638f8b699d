"""All attacks, a row each: what it can do, how it is called, where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import torch

from enxerto.attack.found import Found
from enxerto.attack.goal import Goal
from enxerto.attack.subject import Subject
from enxerto.errors import OptionError, UnknownNameError

BUDGET = "budget"
MINIMAL = "minimal"


@dataclass(frozen=True)
class Attack:
    """One attack; its module is imported when it runs.

    Attributes:
        name: on the command line.
        function: `module.function` in this package.
        title: as papers call it.
        norms: that it works in.
        kind: `budget` for the best point within a radius, `minimal` for the smallest change that fools.
        targeted: whether it can aim at one class; all of them can.
        black_box: whether it needs answers only, no gradients.
        steps: by default; gradients, or answers for a black box.
        reference: paper and part of it.
    """

    name: str
    function: str
    title: str
    norms: tuple[str, ...]
    kind: str
    targeted: bool
    black_box: bool
    steps: int
    reference: str

    def within(
        self,
        subject: Subject,
        pixels: torch.Tensor,
        goal: Goal,
        norm: str,
        radius: torch.Tensor,
        *,
        steps: int | None = None,
        restarts: int = 1,
        seed: int = 0,
    ) -> Found:
        """Fool within a budget.

        Args:
            subject: under attack.
            pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
            goal: of each photo.
            norm: one of the attack's norms.
            radius: of each photo, at least 0, shape (photos,).
            steps: the attack's own when `None`.
            restarts: of what is random.
            seed: of what is random.

        Raises:
            OptionError: the attack has no budget, can't do the norm, or a radius, steps or restarts are
                impossible.
        """
        self._require(BUDGET, norm, steps)
        if radius.shape != (len(pixels),) or not bool(((radius >= 0) & radius.isfinite()).all()):
            raise OptionError(
                f"`radius` must be a finite number of at least 0 for each of {len(pixels)} photos, "
                f"got {radius.tolist() if radius.numel() < 9 else tuple(radius.shape)}"
            )
        if restarts < 1:
            raise OptionError(f"`restarts` must be at least 1, got {restarts}")
        return self._run(subject, pixels, goal, norm, radius, steps=steps or self.steps, restarts=restarts, seed=seed)

    def nearest(
        self,
        subject: Subject,
        pixels: torch.Tensor,
        goal: Goal,
        norm: str,
        *,
        steps: int | None = None,
        seed: int = 0,
        start: torch.Tensor | None = None,
    ) -> Found:
        """Fool with the smallest change.

        Args:
            subject: under attack.
            pixels: the photos, float32 in [0, 1], shape (photos, 3, height, width).
            goal: of each photo.
            norm: one of the attack's norms.
            steps: the attack's own when `None`.
            seed: of what is random.
            start: where to begin, shape of the photos; the photos when `None`.

        Raises:
            OptionError: the attack needs a budget, can't do the norm, or steps are impossible.
        """
        self._require(MINIMAL, norm, steps)
        return self._run(subject, pixels, goal, norm, steps=steps or self.steps, seed=seed, start=start)

    @property
    def _run(self) -> Callable[..., Found]:
        module, _, function = self.function.partition(".")
        found: Callable[..., Found] = getattr(import_module(f"enxerto.attack.{module}"), function)
        return found

    def _require(self, kind: str, norm: str, steps: int | None) -> None:
        if kind != self.kind:
            others = ", ".join(attack.name for attack in ATTACKS if attack.kind == kind and norm in attack.norms)
            wanted = "work within a radius" if kind == BUDGET else "look for the smallest change"
            raise OptionError(f"{self.name} doesn't {wanted}; these do in {norm}: {others or 'none'}")
        if norm not in self.norms:
            raise OptionError(f"{self.name} works in {' and '.join(self.norms)}, got {norm!r}")
        if steps is not None and steps < 1:
            raise OptionError(f"`steps` must be at least 1, got {steps}")


def find(name: str) -> Attack:
    """The attack of a name.

    Raises:
        UnknownNameError: there is none; the message lists near matches.
    """
    for attack in ATTACKS:
        if attack.name == name:
            return attack
    raise UnknownNameError("attack", name, (attack.name for attack in ATTACKS))


def names(norm: str, kind: str) -> tuple[str, ...]:
    """The attacks of a kind that work in a norm, in the order of the table."""
    return tuple(attack.name for attack in ATTACKS if norm in attack.norms and attack.kind == kind)


def _budget(
    name: str, function: str, title: str, norms: str, steps: int, reference: str, black_box: bool = False
) -> Attack:
    return Attack(name, function, title, tuple(norms.split()), BUDGET, True, black_box, steps, reference)


def _minimal(name: str, function: str, title: str, norms: str, steps: int, reference: str) -> Attack:
    return Attack(name, function, title, tuple(norms.split()), MINIMAL, True, False, steps, reference)


_APGD = "Croce & Hein 2020, {}, arXiv:2003.01690; l1: Croce & Hein 2021, arXiv:2103.01208"

ATTACKS = (
    _budget("fgsm", "fgsm.run", "FGSM", "linf l2 l1 l0", 1, "Goodfellow et al. 2015, sec. 4, arXiv:1412.6572"),
    _budget(
        "ifgsm", "pgd.run_from_photo", "I-FGSM", "linf l2 l1", 40, "Kurakin et al. 2017, sec. 2.1, arXiv:1607.02533"
    ),
    _budget("pgd", "pgd.run", "PGD", "linf l2 l1", 40, "Madry et al. 2018, sec. 2.1, arXiv:1706.06083"),
    _budget("square", "square.run", "Square", "linf l2 l1", 5000, "Andriushchenko et al. 2020, arXiv:1912.00049", True),
    _budget("apgd", "apgd.run", "APGD-CE", "linf l2 l1", 100, _APGD.format("Alg. 1")),
    _budget("apgd-dlr", "apgd.run_logit_ratio", "APGD-DLR", "linf l2 l1", 100, _APGD.format("eq. 6")),
    _budget("apgd-targeted", "apgd.run_targeted", "APGD-T", "linf l2 l1", 100, _APGD.format("eq. 7")),
    _budget("autoattack", "autoattack.run", "AutoAttack", "linf l2 l1", 100, _APGD.format("sec. 5")),
    _minimal("deepfool", "deepfool.run", "DeepFool", "linf l2", 50, "Moosavi-Dezfooli et al. 2016, arXiv:1511.04599"),
    _minimal(
        "carlini-wagner", "carlini_wagner.run", "Carlini-Wagner", "l2", 300, "Carlini & Wagner 2017, arXiv:1608.04644"
    ),
    _minimal("ddn", "ddn.run", "DDN", "l2", 100, "Rony et al. 2019, Alg. 1, arXiv:1811.09600"),
    _minimal("fab", "fab.run", "FAB", "linf l2 l1", 100, "Croce & Hein 2020, Alg. 1, arXiv:1907.02044"),
    _minimal("pdpgd", "pdpgd.run", "PDPGD", "linf l2 l1", 200, "Matyasko & Chau 2021, Alg. 1, arXiv:2106.01538"),
    _minimal("sigma-zero", "sigma_zero.run", "sigma-zero", "l0", 200, "Cinà et al. 2025, Alg. 1, arXiv:2402.01879"),
    _minimal("fmn", "fmn.run", "FMN", "linf l2 l1 l0", 100, "Pintor et al. 2021, Alg. 1, arXiv:2102.12827"),
    _minimal(
        "minimal", "minimal.minimal", "FMN, refined", "linf l2 l1 l0", 100, "Pintor et al. 2021, arXiv:2102.12827"
    ),
)
"""Budget attacks first; within a kind the stronger ones come later. Names are unique."""
