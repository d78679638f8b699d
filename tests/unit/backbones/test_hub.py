"""Weights from the hub, by a process of its own: its client reads the environment when it is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hub_mirror import COMMIT, REPOSITORY, Mirror, git_sha1, serve, sha256

CONTENT = bytes(range(256)) * 4096

LOCATE = """
import json, sys
from enxerto.backbones.catalog import Entry, Preprocessing
from enxerto.backbones.weights import locate
from enxerto.errors import EnxertoError

entry = Entry("test_resnet", "test_resnet", Preprocessing(8, 1.0, "bicubic", (0, 0, 0), (1, 1, 1)), "", hub=sys.argv[1])
for offline in json.loads(sys.argv[2]):
    try:
        source = locate(entry, offline=offline)
        print(json.dumps([source.origin, source.path.read_bytes().hex()]))
    except EnxertoError as error:
        print(json.dumps([type(error).__name__, error.exit_code, str(error)]))
from huggingface_hub import constants
print(json.dumps(constants.HF_HUB_DISABLE_XET))
assert not {"torch", "timm"} & set(sys.modules)
"""


@dataclass
class Machine:
    """A machine whose hub cache is empty at first."""

    hub: Path
    endpoint: str = ""

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
        given = {"HF_HOME": str(self.hub), "HF_HUB_OFFLINE": "0"}
        return kept | given | ({"HF_ENDPOINT": self.endpoint} if self.endpoint else {}) | more

    def locate(self, *offline: bool, **environment: str) -> list[Any]:
        """What `locate` gives, once for each of `offline`, and then whether the hub's client still avoids Xet."""
        child = subprocess.run(
            [sys.executable, "-c", LOCATE, REPOSITORY, json.dumps(offline or [False])],
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert child.returncode == 0, child.stderr
        return [json.loads(line) for line in child.stdout.splitlines()]

    @property
    def blobs(self) -> Path:
        return self.hub / "hub" / f"models--{REPOSITORY.replace('/', '--')}" / "blobs"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "hub")


@pytest.fixture
def honest(machine: Machine) -> Iterator[Mirror]:
    with serve(Mirror(CONTENT)) as mirror:
        machine.endpoint = mirror.endpoint
        yield mirror


def asked(mirror: Mirror) -> list[str]:
    return [method for method, _ in mirror.requests]


def test_a_download_is_kept_and_found_again_without_the_network(machine: Machine) -> None:
    with serve(Mirror(CONTENT)) as mirror:
        machine.endpoint = mirror.endpoint
        assert machine.locate() == [["download", CONTENT.hex()], False]
        assert asked(mirror).count("GET") == 1
        assert {path for _, path in mirror.requests} == {f"/{REPOSITORY}/resolve/main/model.safetensors"}
    assert machine.locate(False, True) == [["hub cache", CONTENT.hex()]] * 2 + [False]


def test_a_small_file_is_verified_by_its_git_checksum(machine: Machine) -> None:
    small = CONTENT[:1000]
    with serve(Mirror(small, etag=git_sha1(small))) as mirror:
        machine.endpoint = mirror.endpoint
        assert machine.locate()[0] == ["download", small.hex()]
    (machine.blobs / git_sha1(small)).write_bytes(small[::-1])
    name, code, _ = machine.locate()[0]
    assert (name, code) == ("IntegrityError", 6)


@pytest.mark.parametrize("etag", [sha256(CONTENT[::-1]), git_sha1(CONTENT[::-1])], ids=["large", "small"])
def test_other_bytes_than_the_server_announced_are_refused_until_they_are_deleted(machine: Machine, etag: str) -> None:
    with serve(Mirror(CONTENT, etag=etag)) as mirror:
        machine.endpoint = mirror.endpoint
        for _ in range(2):
            name, code, message = machine.locate()[0]
            assert (name, code) == ("IntegrityError", 6)
            assert f"should have checksum {etag}, got " in message
            assert message.endswith("delete this file and try again")
        Path(message.partition(" should")[0]).unlink()
        mirror.content = CONTENT[::-1]
        assert machine.locate()[0] == ["download", CONTENT[::-1].hex()]


def test_a_server_that_can_t_be_reached_is_given_up_and_the_way_out_is_named(machine: Machine) -> None:
    with serve(Mirror(CONTENT)) as mirror:
        machine.endpoint = mirror.endpoint
    name, code, message = machine.locate()[0]
    assert (name, code) == ("WeightsMissingError", 1)
    assert f"bring model.safetensors of {REPOSITORY} from a connected machine" in message
    assert message.endswith("enxerto backbones import test_resnet model.safetensors")


@pytest.mark.parametrize("status", [401, 404, 503])
def test_a_server_that_refuses_is_asked_once(machine: Machine, honest: Mirror, status: int) -> None:
    honest.status = status
    name, code, message = machine.locate()[0]
    assert (name, code) == ("WeightsMissingError", 1)
    assert "enxerto backbones import test_resnet" in message
    assert asked(honest) == ["HEAD"]


def test_a_server_that_is_no_hub_is_named_as_such(machine: Machine, honest: Mirror) -> None:
    honest.is_hub = False
    name, _, message = machine.locate()[0]
    assert name == "WeightsMissingError"
    assert "missing the 'X-Repo-Commit' header" in message


def test_an_endpoint_that_is_no_address_is_no_crash(machine: Machine) -> None:
    machine.endpoint = "mirror"
    assert machine.locate()[0][0] == "WeightsMissingError"


def test_a_dropped_download_is_tried_again(machine: Machine, honest: Mirror) -> None:
    honest.drop_after = len(CONTENT) // 2
    assert machine.locate()[0] == ["download", CONTENT.hex()]
    assert asked(honest).count("GET") == 2


@pytest.mark.parametrize("environment", [{}, {"HF_HUB_OFFLINE": "1"}, {"HF_HUB_OFFLINE": "on"}])
def test_offline_means_that_no_request_is_made(machine: Machine, honest: Mirror, environment: dict[str, str]) -> None:
    name, code, message = machine.locate(not environment, **environment)[0]
    assert (name, code) == ("WeightsMissingError", 1)
    assert message.startswith("the weights of test_resnet are not on this machine, and downloads are off")
    assert honest.requests == []


def test_a_mirror_s_references_to_the_hub_s_other_store_are_not_followed(machine: Machine, honest: Mirror) -> None:
    honest.headers = {"X-Xet-Hash": "ab" * 32, "Link": f'<{honest.endpoint}/api/xet-token>; rel="xet-auth"'}
    assert machine.locate() == [["download", CONTENT.hex()], False]
    assert all(path.endswith("/model.safetensors") for _, path in honest.requests)


def test_who_sets_the_client_s_own_switch_decides(machine: Machine, honest: Mirror) -> None:
    honest.headers = {"X-Xet-Hash": "ab" * 32, "Link": f'<{honest.endpoint}/api/xet-token>; rel="xet-auth"'}
    name, _, _ = machine.locate(HF_HUB_DISABLE_XET="0")[0]
    assert name == "WeightsMissingError"
    assert "/api/xet-token" in {path for _, path in honest.requests}


def test_a_file_that_the_hub_s_client_shares_between_repositories_is_verified_by_its_own_name(
    machine: Machine,
) -> None:
    """That client keeps files from Xet under Xet's hash, and links to them under their checksum."""
    shared = machine.hub / "hub" / "blobs" / "cd" / ("cd" * 32)
    snapshot = machine.blobs.parent / "snapshots" / COMMIT / "model.safetensors"
    reference = machine.blobs.parent / "refs" / "main"
    for path in (shared, machine.blobs / sha256(CONTENT), snapshot, reference):
        path.parent.mkdir(parents=True, exist_ok=True)
    reference.write_text(COMMIT)
    shared.write_bytes(CONTENT)
    (machine.blobs / sha256(CONTENT)).symlink_to(f"../../blobs/cd/{shared.name}")
    snapshot.symlink_to(f"../../blobs/{sha256(CONTENT)}")
    assert machine.locate(True)[0] == ["hub cache", CONTENT.hex()]
    shared.write_bytes(CONTENT[::-1])
    name, _, message = machine.locate(True)[0]
    assert name == "IntegrityError"
    assert message.startswith(str(shared))
