from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openvino
import pytest

from enxerto.engines import describe, has_native_bf16, machine, processors


@pytest.fixture
def _fresh() -> Iterator[None]:
    has_native_bf16.cache_clear()
    yield
    has_native_bf16.cache_clear()


def test_processors_are_those_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3, 5, 8}, raising=False)
    assert processors() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert processors() == 1


@pytest.mark.usefixtures("_fresh")
@pytest.mark.parametrize(
    ("capabilities", "flags", "native"),
    [
        (["FP32", "BF16"], "fpu avx512_bf16", True),
        (["FP32", "BF16"], "fpu amx_bf16", True),
        (["FP32", "BF16"], "fpu avx2", False),
        (["FP32"], "fpu amx_bf16", False),
    ],
)
def test_bf16_is_native_where_both_openvino_and_the_processor_say_so(
    capabilities: list[str], flags: str, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = SimpleNamespace(get_property=lambda *_: capabilities)
    monkeypatch.setattr(openvino, "Core", lambda: core)
    monkeypatch.setattr(machine, "_cpuinfo", lambda _field: flags)
    assert has_native_bf16() is native


def test_the_description_names_processor_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_cpuinfo", lambda field: f"the {field}")
    assert describe() == f"the model name, openvino {openvino.__version__}"


def test_a_field_of_the_processor_is_its_first_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Xeon: one\nmodel name\t: two\n")
    monkeypatch.setattr(machine, "Path", lambda *_: info)
    assert machine._cpuinfo("model name") == "Xeon: one"
    assert machine._cpuinfo("flags") == ""


def test_without_that_file_there_are_no_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing: Any = tmp_path / "nothing"
    monkeypatch.setattr(machine, "Path", lambda *_: missing)
    assert machine._cpuinfo("flags") == ""
