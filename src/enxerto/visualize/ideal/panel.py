"""Who judges ideal images: networks that had no part in making them, and the makers themselves for comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from enxerto.backbones import find
from enxerto.backbones.weights import is_present
from enxerto.classifier import Classifier
from enxerto.errors import OptionError, WeightsMissingError
from enxerto.visualize.ideal.family import family_of
from enxerto.visualize.ideal.meaning import meanings
from enxerto.visualize.ideal.verification import ITSELF, SIBLING, UNRELATED, Verifier

UNRELATED_DEFAULT = "squeezenet1_1"
SIBLING_DEFAULTS = ("efficientnet_lite2", "efficientnet_lite1", "efficientnet_lite0")


@dataclass(frozen=True)
class Panel:
    """Who judges.

    Attributes:
        makers: the networks that made the images.
        judges: networks that had no part in it.
        missing: names of networks that would have been asked but can't be, with the reason in words.
    """

    makers: tuple[Verifier, ...]
    judges: tuple[Verifier, ...]
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def everyone(self) -> tuple[Verifier, ...]:
        """Judges first, the unrelated before the siblings; then the makers."""
        return (*sorted(self.judges, key=lambda judge: judge.relation != UNRELATED), *self.makers)

    def stoppers(self) -> tuple[Verifier, ...]:
        """The judges that may decide when to stop, so that at least one is left who has no part in the images at all.

        Those are the siblings where somebody unrelated is left, else all but the first.

        Raises:
            OptionError: there are not two judges.
        """
        if len(self.judges) < 2:
            raise OptionError(
                f"stopping when verifiers agree needs at least 2 of them, one to stop and one to judge; here are "
                f"{len(self.judges)}; add --verifier NAME"
            )
        siblings = tuple(judge for judge in self.judges if judge.relation == SIBLING)
        return siblings if 0 < len(siblings) < len(self.judges) else self.judges[1:]


def convene(
    makers: Mapping[str, Classifier],
    targets: Sequence[str],
    others: Mapping[str, Classifier],
    missing: Sequence[tuple[str, str]] = (),
) -> Panel:
    """A panel of makers and others.

    Args:
        makers: by name.
        targets: names of the classes that images shall show, as the makers call them.
        others: networks without a part in it, by name.
        missing: see `Panel`.
    """

    def verifier(name: str, classifier: Classifier, relation: str) -> Verifier:
        return Verifier(name, classifier, relation, meanings(targets, classifier.classes))

    return Panel(
        tuple(verifier(name, maker, ITSELF) for name, maker in makers.items()),
        tuple(verifier(name, other, relation_to(other, list(makers.values()))) for name, other in others.items()),
        tuple(missing),
    )


def relation_to(other: Classifier, makers: Sequence[Classifier]) -> str:
    """`sibling` when the backbone is of one family with a maker's, else `unrelated`."""
    families = {family_of(maker.backbone.entry.architecture) for maker in makers}
    return SIBLING if family_of(other.backbone.entry.architecture) in families else UNRELATED


def default_judges(makers: Sequence[str]) -> tuple[str, ...]:
    """The backbones that are asked when nobody names others: SqueezeNet, and the largest EfficientNet-Lite here.

    Args:
        makers: names of the backbones that make the images; they are left out.
    """
    free = [name for name in SIBLING_DEFAULTS if name not in makers]
    here = [name for name in free if is_present(find(name))]
    return tuple(name for name in (UNRELATED_DEFAULT, *(here or free)[:1]) if name not in makers)


def open_judges(names: Sequence[str], **opening: Any) -> tuple[dict[str, Classifier], tuple[tuple[str, str], ...]]:
    """The backbones of these names with their ImageNet classes; and those whose weights aren't here, with the reason.

    Args:
        names: as in `enxerto backbones list`.
        opening: of `Classifier.from_backbone`: device and offline.
    """
    opened: dict[str, Classifier] = {}
    missing = []
    for name in names:
        try:
            opened[name] = Classifier.from_backbone(name, **opening)
        except WeightsMissingError as error:
            missing.append((name, str(error)))
    return opened, tuple(missing)
