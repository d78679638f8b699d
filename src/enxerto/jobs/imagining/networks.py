"""Which networks make ideal images and which judge them, opened by name or from saved models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enxerto.backbones import DEFAULT
from enxerto.backbones.imagenet import imagenet_classes
from enxerto.classifier import Classifier
from enxerto.errors import OptionError
from enxerto.visualize.ideal.panel import Panel, convene, default_judges, open_judges


@dataclass(frozen=True)
class Networks:
    """Who makes images and who judges them.

    Attributes:
        groups: of makers, by name; the makers of a group work together, and each group makes every image.
        others: networks that make nothing, by name.
        missing: networks that would have been asked but can't be, with the reason in words.
    """

    groups: tuple[Mapping[str, Classifier], ...]
    others: Mapping[str, Classifier]
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def first(self) -> Classifier:
        """The first that makes images."""
        return next(iter(self.groups[0].values()))

    @property
    def makers(self) -> list[Classifier]:
        """All that make images, group by group."""
        return [maker for group in self.groups for maker in group.values()]

    @property
    def classes(self) -> tuple[str, ...]:
        """Of those that make images; ImageNet's where none could be opened, as models are always opened."""
        return self.first.classes if self.groups else imagenet_classes()

    def panel(self, group: int, targets: Sequence[str]) -> Panel:
        """Who judges what a group made: the networks that make nothing, and the other groups."""
        rivals = {
            name: maker for place, each in enumerate(self.groups) if place != group for name, maker in each.items()
        }
        return convene(self.groups[group], targets, {**rivals, **self.others}, self.missing)


def open_networks(
    backbones: Sequence[str],
    models: Sequence[Path],
    verifiers: Sequence[str],
    problems: list[str],
    **opening: Any,
) -> Networks:
    """Open everything; what is wrong with names is added to `problems`, the rest is raised.

    Args:
        backbones: that make images together; the default one when there are no models either.
        models: directories of saved models; each makes images of its own.
        verifiers: backbones and directories of saved models; the default ones where there are none.
        problems: see above.
        opening: device and offline, as for `Classifier`.

    Raises:
        WeightsMissingError: a network that was named is not here.
        IntegrityError: a directory is no intact model.
    """
    if backbones and models:
        problems.append("give backbones or models, not both: they have different classes")
    backbones = list(dict.fromkeys(backbones)) or ([] if models else [DEFAULT])
    groups: list[dict[str, Classifier]] = []
    if models:
        loaded = {str(path.resolve()): Classifier.load(path, **opening) for path in models}
        groups = [{name: each} for name, each in zip(_names(list(loaded)), loaded.values(), strict=True)]
        if len({maker.classes for maker in loaded.values()}) > 1:
            problems.append("models that judge each other must have the same classes; make their images one by one")
    else:
        together = {}
        for name in backbones:
            with _collected(problems):
                together[name] = Classifier.from_backbone(name, **opening)
        groups = [together] if together else []
    makers = [maker.backbone.name for group in groups for maker in group.values()]
    if not verifiers:
        return Networks(tuple(groups), *open_judges(default_judges([] if models else makers), **opening))
    others: dict[str, Classifier] = {}
    for name in dict.fromkeys(verifiers):
        with _collected(problems):
            others |= _opened(name, **opening)
    themselves = [name for group in groups for name in group if name in others]
    problems += [f"verifier {name} makes the images itself; choose another" for name in themselves]
    return Networks(tuple(groups), others)


def _opened(name: str, **opening: Any) -> dict[str, Classifier]:
    path = Path(name)
    if path.is_dir():
        return {path.resolve().name: Classifier.load(path, **opening)}
    return {name: Classifier.from_backbone(name, **opening)}


def _names(paths: Sequence[str]) -> list[str]:
    """The last part of each path, or as many parts as tell them apart."""
    parts = [Path(path).parts for path in paths]
    depth = next(depth for depth in range(1, 1000) if len({each[-depth:] for each in parts}) == len(parts))
    return ["/".join(each[-depth:]) for each in parts]


@contextmanager
def _collected(problems: list[str]) -> Iterator[None]:
    """Collect what is wrong with a name, and go on."""
    try:
        yield
    except OptionError as error:
        problems.append(str(error))
