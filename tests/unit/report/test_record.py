import json
import math
from dataclasses import replace
from typing import Any

import made_up_reports as made_up
import pytest

from enxerto.errors import IntegrityError
from enxerto.report.page import render
from enxerto.report.record import from_json, to_json, tricks_from_json, tricks_to_json
from enxerto.report.tricks.page import render_tricks


def changed(**contents: Any) -> bytes:
    tree = json.loads(to_json(made_up.two_classes()))
    tree["contents"].update(contents)
    return json.dumps(tree).encode()


@pytest.mark.parametrize("shape", [name for name in made_up.SHAPES if name != "hostile"])
def test_round_trip(shape: str) -> None:
    contents = made_up.SHAPES[shape]()
    assert from_json(to_json(contents)) == contents
    assert to_json(contents) == to_json(made_up.SHAPES[shape]())


def test_names_that_are_no_unicode_are_kept_readable() -> None:
    contents = made_up.hostile()
    loaded = from_json(to_json(contents))
    assert loaded.source == contents.source.replace("\udcff", "\\udcff")
    assert loaded.evaluation == contents.evaluation
    assert to_json(loaded) == to_json(contents)


@pytest.mark.parametrize("imbalance", [math.inf, -math.inf])
def test_infinities_survive(imbalance: float) -> None:
    contents = made_up.two_classes()
    contents = replace(contents, health=replace(contents.health, imbalance=imbalance))
    assert from_json(to_json(contents)) == contents


def test_undefined_figures_survive() -> None:
    contents = made_up.two_classes()
    contents = replace(contents, temperature=math.nan)
    assert math.isnan(from_json(to_json(contents)).temperature)


def test_a_loaded_record_renders_to_the_same_page() -> None:
    contents = made_up.dirty()
    assert render(from_json(to_json(contents)), thumbnails={}) == render(contents, thumbnails={})


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"format": "enxerto-report"'])
def test_bytes_that_are_no_json(content: bytes) -> None:
    with pytest.raises(IntegrityError, match="the report's record is not JSON"):
        from_json(content)


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"format": "other"}', b"null"])
def test_json_that_is_no_report(content: bytes) -> None:
    with pytest.raises(IntegrityError, match="not a report's record: expected an object"):
        from_json(content)


def test_another_version() -> None:
    tree = json.loads(to_json(made_up.tiny())) | {"version": 2}
    with pytest.raises(IntegrityError, match="has version 2, this Enxerto reads version 1"):
        from_json(json.dumps(tree).encode())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": "0"}, r"Expected `int`, got `str` - at `\$.seed`"),
        ({"seed": 1.5}, r"Expected `int`"),
        ({"title": None}, r"Expected `str`, got `null` - at `\$.title`"),
        ({"seconds": [["features"]]}, r"at `\$.seconds\[0\]`"),
        ({"control": {}}, r"missing required field `photos` - at `\$.control`"),
        ({"temperature": {"not-finite": "one"}}, r"Expected `float`, got `object` - at `\$.temperature`"),
    ],
)
def test_wrong_types_are_named_with_their_place(change: dict[str, Any], message: str) -> None:
    with pytest.raises(IntegrityError, match=message):
        from_json(changed(**change))


def test_unknown_fields_are_named_with_their_place() -> None:
    with pytest.raises(IntegrityError, match=r"unknown field `extra` - at `\$`"):
        from_json(changed(extra=1))
    tree = json.loads(to_json(made_up.dirty()))
    tree["contents"]["health"]["skipped"][1]["color"] = "red"
    with pytest.raises(IntegrityError, match=r"unknown field `color` - at `\$.health.skipped\[1\]`"):
        from_json(json.dumps(tree).encode())


@pytest.mark.parametrize("where", ["evaluation", "without_seen"])
def test_tables_that_do_not_fit_together(where: str) -> None:
    tree = json.loads(to_json(made_up.with_seen_photos()))
    tree["contents"][where]["confusion"][0].append(3)
    with pytest.raises(IntegrityError, match="its confusion matrix is not 2 by 2"):
        from_json(json.dumps(tree).encode())
    tree = json.loads(to_json(made_up.with_seen_photos()))
    tree["contents"][where]["per_class"].pop()
    with pytest.raises(IntegrityError, match="other classes in its per-class table"):
        from_json(json.dumps(tree).encode())


def test_records_without_the_later_fields_still_load() -> None:
    tree = json.loads(to_json(made_up.two_classes()))
    for field in ("candidates", "tuning", "curve"):
        del tree["contents"][field]
    assert from_json(json.dumps(tree).encode()) == made_up.two_classes()
    tree = json.loads(to_json(made_up.not_tuned()))
    for field in ("finder", "suggested_rate"):
        del tree["contents"]["tuning"][field]
    assert from_json(json.dumps(tree).encode()) == made_up.not_tuned()


@pytest.mark.parametrize("kept", [0, 3])
def test_one_candidate_is_kept(kept: int) -> None:
    tree = json.loads(to_json(made_up.fine_tuned()))
    for candidate in tree["contents"]["candidates"]:
        candidate["kept"] = bool(kept)
    with pytest.raises(IntegrityError, match=f"must keep one of its candidates, it keeps {kept}"):
        from_json(json.dumps(tree).encode())


def test_the_epoch_kept_is_one_of_the_fit() -> None:
    tree = json.loads(to_json(made_up.fine_tuned()))
    tree["contents"]["tuning"]["fits"][1]["best"] = 40
    with pytest.raises(IntegrityError, match="keeps epoch 40 of fit 'fold1', which has none such"):
        from_json(json.dumps(tree).encode())


def test_a_curve_has_points() -> None:
    tree = json.loads(to_json(made_up.fine_tuned()))
    tree["contents"]["curve"]["points"] = []
    with pytest.raises(IntegrityError, match="a learning curve without points"):
        from_json(json.dumps(tree).encode())


def test_tricks_round_trip() -> None:
    contents = made_up.tricks()
    assert tricks_from_json(tricks_to_json(contents)) == contents
    assert render_tricks(tricks_from_json(tricks_to_json(contents))) == render_tricks(contents)


def test_a_report_is_no_record_of_tricks_and_the_other_way_round() -> None:
    with pytest.raises(IntegrityError, match="not a tricks page's record: expected an object"):
        tricks_from_json(to_json(made_up.tiny()))
    with pytest.raises(IntegrityError, match="not a report's record"):
        from_json(tricks_to_json(made_up.tricks()))


def test_damaged_records_of_tricks_are_named_so() -> None:
    with pytest.raises(IntegrityError, match="the tricks page's record is not JSON"):
        tricks_from_json(b"{")
    tree = json.loads(tricks_to_json(made_up.tricks()))
    with pytest.raises(IntegrityError, match="the tricks page's record has version 7"):
        tricks_from_json(json.dumps(tree | {"version": 7}).encode())
    tree["contents"]["effects"][0]["color"] = "red"
    with pytest.raises(IntegrityError, match=r"the tricks page's record has an unknown field `color` - at `\$.effects"):
        tricks_from_json(json.dumps(tree).encode())
    del tree["contents"]["effects"]
    with pytest.raises(IntegrityError, match="the tricks page's record is damaged: .*`effects`"):
        tricks_from_json(json.dumps(tree).encode())
