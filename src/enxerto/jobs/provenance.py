"""What a result carries so that it can be made again: versions, time, the backbone, how long each stage took."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from enxerto.backbones import Backbone
from enxerto.errors import OptionError
from enxerto.report.contents import BackboneCard

_EPOCH = "SOURCE_DATE_EPOCH"
PACKAGES = ("enxerto", "numpy", "openvino", "pillow", "scipy", "simplejpeg", "timm", "torch")


class Stopwatch:
    """Wall-clock seconds by stage, in the order in which stages began."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; a stage entered twice adds up."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - start

    def of(self, name: str) -> float:
        """Seconds of a stage; 0 where `SOURCE_DATE_EPOCH` asks for results that are equal byte for byte."""
        return dict(self.seconds()).get(name, 0.0)

    def seconds(self) -> tuple[tuple[str, float], ...]:
        """(stage, seconds) pairs; none where `SOURCE_DATE_EPOCH` asks for results that are equal byte for byte."""
        if os.environ.get(_EPOCH):
            return ()
        return tuple((name, round(seconds, 3)) for name, seconds in self._seconds.items())


def timed(seconds: float) -> float:
    """A duration as results show it; 0 where `SOURCE_DATE_EPOCH` asks for results that are equal byte for byte."""
    return 0.0 if os.environ.get(_EPOCH) else round(seconds, 3)


def versions() -> tuple[tuple[str, str], ...]:
    """Python and the packages that decide figures, with their versions."""
    found = [("python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def now() -> str:
    """UTC, ISO 8601; `SOURCE_DATE_EPOCH` is obeyed so that results can be reproduced to the byte."""
    epoch = os.environ.get(_EPOCH)
    if not epoch:
        return datetime.now(UTC).isoformat(timespec="seconds")
    if not epoch.isdecimal():
        raise OptionError(f"{_EPOCH} must be seconds since 1970, got {epoch!r}")
    return datetime.fromtimestamp(int(epoch), UTC).isoformat(timespec="seconds")


def backbone_card(backbone: Backbone) -> BackboneCard:
    """A backbone as reports show it."""
    return BackboneCard(
        name=backbone.name,
        parameters=backbone.parameters,
        size_px=backbone.preprocessing.size_px,
        licence=backbone.entry.licence,
        sha256=backbone.identity,
        layer=backbone.layer,
        pooling=backbone.pooling + ", mirrored too" * backbone.preprocessing.mirror,
    )
