from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from enxerto.backbones import open_backbone
from enxerto.jobs import provenance
from enxerto.jobs.provenance import Stopwatch, backbone_card, now, versions


def test_stages_are_timed_in_their_order_and_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.accumulate([0.0, 2.0, 10.0, 3.0, 10.0, 0.5])
    monkeypatch.setattr(provenance, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    watch = Stopwatch()
    with watch.stage("features"):
        pass
    with pytest.raises(RuntimeError, match="broken"), watch.stage("head"):
        raise RuntimeError("broken")
    with watch.stage("features"):
        pass
    assert watch.seconds() == (("features", 2.5), ("head", 3.0))


def test_time_is_utc_in_whole_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    moment = datetime.fromisoformat(now())
    assert moment.tzinfo == UTC
    assert moment.microsecond == 0
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=5)


def test_the_time_of_a_reproducible_build_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert now() == "1970-01-02T00:00:00+00:00"


def test_versions_name_python_and_what_decides_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package-anywhere"))
    assert [name for name, _ in versions()] == ["python", "numpy"]


def test_the_card_of_a_backbone() -> None:
    card = backbone_card(open_backbone(pooling="max"))
    assert (card.name, card.parameters, card.size_px, card.licence) == (
        "efficientnet_lite0", 4_652_008, 224, "apache-2.0",
    )  # fmt: skip
    assert (card.layer, card.pooling, card.sha256) == ("last", "max", open_backbone().identity)
