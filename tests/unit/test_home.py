from __future__ import annotations

from pathlib import Path

import pytest

from enxerto.home import downloads_home, features_home, home, networks_home, weights_home


def test_the_environment_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENXERTO_HOME", str(tmp_path))
    assert home() == tmp_path
    assert [where() for where in (features_home, networks_home, weights_home, downloads_home)] == [
        tmp_path / "features", tmp_path / "networks", tmp_path / "weights", tmp_path / "downloads",
    ]  # fmt: skip


def test_a_tilde_is_the_user_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ENXERTO_HOME", "~/photos")
    assert home() == tmp_path / "photos"


@pytest.mark.parametrize("given", [None, ""])
def test_otherwise_it_is_the_user_s_cache_folder(
    given: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENXERTO_HOME")
    if given is not None:
        monkeypatch.setenv("ENXERTO_HOME", given)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name, appauthor: f"{tmp_path}/{name}-{appauthor}")
    assert home() == tmp_path / "enxerto-False"
