"""The names of the 1,000 ImageNet classes, in the order of every pretrained network's own logits."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

from enxerto.backbones.catalog import Entry
from enxerto.errors import OptionError


def require_imagenet(entry: Entry) -> None:
    """Raise an `OptionError` unless a network's own logits are those of the 1,000 ImageNet classes."""
    if entry.classes != 1000:
        raise OptionError(
            f"{entry.name} has {entry.classes} classes of its own, not ImageNet's 1,000; train a head on it, "
            "or take a backbone whose tag ends with in1k"
        )


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Short names such as `tabby`; where two classes share one, the description or the WordNet id tells them apart."""
    info = _info()
    descriptions = info.label_descriptions()
    choices = [
        (description.split(",")[0], description, f"{description} ({wordnet_id})")
        for description, wordnet_id in zip(descriptions, info.label_names(), strict=True)
    ]
    taken = [Counter(names) for names in zip(*choices, strict=True)]
    return tuple(
        next(name for name, counts in zip(names, taken, strict=True) if counts[name] == 1) for names in choices
    )


@cache
def imagenet_synonyms() -> tuple[tuple[str, ...], ...]:
    """Every name of each class, the usual one first: `("tabby", "tabby cat")`; several classes may share one."""
    return tuple(tuple(map(str.strip, names.split(","))) for names in _info().label_descriptions())


def imagenet_ids() -> tuple[str, ...]:
    """The WordNet id of each class, such as `n02123045`: what folders of ImageNet's own photos are called."""
    return tuple(_info().label_names())


def _info() -> Any:
    from timm.data import ImageNetInfo  # type: ignore[attr-defined]

    return ImageNetInfo("imagenet-1k")
