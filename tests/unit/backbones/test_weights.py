from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hub_mirror import COMMIT, sha256
from safetensors.torch import save_file
from tiny_networks import tiny_weights

from enxerto.backbones import Backbone, find, hub, open_backbone, store, weights
from enxerto.errors import IntegrityError, OptionError, StorageError, WeightsMissingError

ENTRY = find("test_resnet")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    save_file(tiny_weights(), path)
    return path


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub's client."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def keep_in_hub_cache(cache: Path, content: bytes) -> Path:
    """Put a file where the hub's client puts it; returns the path of its content."""
    assert ENTRY.hub is not None
    repository = cache / f"models--{ENTRY.hub.replace('/', '--')}"
    blob = repository / "blobs" / sha256(content)
    snapshot = repository / "snapshots" / COMMIT / hub.HUB_FILE
    for path in (blob, snapshot, repository / "refs" / "main"):
        path.parent.mkdir(parents=True, exist_ok=True)
    (repository / "refs" / "main").write_text(COMMIT)
    blob.write_bytes(content)
    snapshot.symlink_to(f"../../blobs/{blob.name}")
    return blob


@pytest.mark.usefixtures("hub_cache")
def test_a_given_file_an_imported_one_and_the_hub_s_have_the_same_identity(file: Path, hub_cache: Path) -> None:
    given = open_backbone("test_resnet", file=file)
    keep_in_hub_cache(hub_cache, file.read_bytes())
    cached = open_backbone("test_resnet")
    imported_file = store.imported_file(ENTRY)
    imported_file.parent.mkdir(parents=True)
    imported_file.write_bytes(file.read_bytes())
    imported = open_backbone("test_resnet")
    assert [backbone.origin for backbone in (given, cached, imported)] == ["file", "hub cache", "imported"]
    assert len({backbone.identity for backbone in (given, cached, imported)}) == 1
    assert given.identity == Backbone(ENTRY, "test", tiny_weights).identity
    assert given.identity != given.randomized(1).identity


@pytest.mark.usefixtures("hub_cache")
def test_a_given_file_takes_precedence_over_a_package(tmp_path: Path) -> None:
    file = tmp_path / "other.safetensors"
    save_file(tiny_weights("efficientnet_lite0"), file)
    backbone = open_backbone("efficientnet_lite0", file=file)
    assert backbone.origin == "file"
    assert backbone.identity != backbone.entry.identity


def test_weights_are_present_once_they_are_imported(hub_cache: Path, file: Path) -> None:
    assert not weights.is_present(ENTRY)
    assert weights.is_present(find("efficientnet_lite0"))
    keep_in_hub_cache(hub_cache, file.read_bytes())
    assert weights.is_present(ENTRY)


def test_a_damaged_file_in_the_hub_s_cache_is_named(hub_cache: Path, file: Path) -> None:
    blob = keep_in_hub_cache(hub_cache, file.read_bytes())
    blob.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.raises(IntegrityError, match=rf"should have checksum {blob.name}, got .*; delete this file"):
        open_backbone("test_resnet")


@pytest.mark.usefixtures("hub_cache")
def test_a_file_in_the_hub_s_cache_that_isn_t_named_after_its_checksum_is_taken(hub_cache: Path, file: Path) -> None:
    """So it is where there are no symbolic links."""
    blob = keep_in_hub_cache(hub_cache, file.read_bytes())
    snapshot = blob.parents[1] / "snapshots" / COMMIT / hub.HUB_FILE
    snapshot.unlink()
    blob.rename(snapshot)
    assert open_backbone("test_resnet").origin == "hub cache"


@pytest.mark.usefixtures("hub_cache")
@pytest.mark.parametrize("value", ["1", "true", "Yes", "ON"])
def test_offline_by_the_environment_names_file_and_command(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    with pytest.raises(WeightsMissingError, match=r"bring model.safetensors of timm/test_resnet.* backbones import"):
        open_backbone("test_resnet")


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_other_values_don_t_mean_offline(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    assert not weights.is_offline()


@pytest.mark.usefixtures("hub_cache")
def test_a_network_that_the_hub_doesn_t_have_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with pytest.raises(
        WeightsMissingError, match=r"the hub doesn't have the weights of gcvit_tiny; .*bring its weight file from"
    ):
        open_backbone("gcvit_tiny")


def test_a_given_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match=r"there is no weight file .*nothing.safetensors"):
        open_backbone("test_resnet", file=tmp_path / "nothing.safetensors")


def test_a_given_file_must_be_safetensors(tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(b"")
    with pytest.raises(OptionError, match=r"takes a .safetensors file, got weights.pth; .*enxerto backbones import"):
        open_backbone("test_resnet", file=tmp_path / "weights.pth")


@pytest.mark.parametrize("keep", [slice(0, 100), slice(0, -5), slice(0, 0)], ids=["header", "tail", "empty"])
def test_a_cut_file_is_not_read(keep: slice, file: Path) -> None:
    file.write_bytes(file.read_bytes()[keep])
    backbone = open_backbone("test_resnet", file=file)
    with pytest.raises(IntegrityError, match=r"weights.safetensors is no intact safetensors file: .*; bring it again"):
        backbone.network  # noqa: B018


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "vit.safetensors"
    save_file(tiny_weights("test_vit"), file)
    with pytest.raises(IntegrityError, match="these weights are not those of test_resnet: "):
        open_backbone("test_resnet", file=file).network  # noqa: B018


@pytest.mark.parametrize("tensors", [{}, {"nothing": torch.zeros(1)}], ids=["none", "foreign"])
def test_a_file_without_the_weights_is_refused(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    file = tmp_path / "wrong.safetensors"
    save_file(tensors, file)
    for name in ("test_resnet", "test_vit", "squeezenet1_1"):
        with pytest.raises(IntegrityError, match=f"these weights are not those of {name}: "):
            open_backbone(name, file=file).network  # noqa: B018


def test_tensors_of_another_form_are_converted_as_timm_does() -> None:
    """Older transformers kept the convolution of their patches as a matrix."""
    own = tiny_weights("test_vit")
    matrix = own["patch_embed.proj.weight"].flatten(1)
    adapted = weights.adapt(find("test_vit"), own | {"patch_embed.proj.weight": matrix})
    assert set(adapted) == set(own)
    assert torch.equal(adapted["patch_embed.proj.weight"], own["patch_embed.proj.weight"])


def test_tensors_of_an_impossible_form_are_refused() -> None:
    with pytest.raises(IntegrityError, match="these weights are not those of test_vit: "):
        weights.adapt(find("test_vit"), tiny_weights("test_vit") | {"pos_embed": torch.zeros(3)})


@pytest.mark.usefixtures("hub_cache")
def test_a_full_disk_is_no_fault_of_the_hub_s(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", full)
    with pytest.raises(
        StorageError, match=r"can't keep the weights of test_resnet in the hub's cache: .*No space left"
    ):
        open_backbone("test_resnet")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (torch.zeros(3), "."),
        ({"weight": object}, "there is something else in it than tensors, and that is never run"),
    ],
    ids=["tensor", "class"],
)
def test_a_pytorch_file_with_something_else_is_refused(content: object, why: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(IntegrityError, match=f"weights.pth is no intact file of weights: {why}"):
        weights.read(tmp_path / "weights.pth")
