import json
import re
from dataclasses import replace

import made_up_reports as made_up
import pytest

from enxerto.errors import IntegrityError
from enxerto.report.record import from_json, to_json
from enxerto.report.terminal import summary
from enxerto.report.unmeasured.page import cautions, render_unmeasured


def words(html: str) -> str:
    return " ".join(re.sub("[\u2068\u2069]", "", re.sub("<style>.*?</style>|<[^>]*>", " ", html, flags=re.S)).split())


def test_the_page_says_that_nothing_was_measured_and_shows_no_figure() -> None:
    text = words(render_unmeasured(made_up.unmeasured()))
    assert "A classifier of 3 classes learned from 3 photos. How often it is right, nobody knows." in text
    assert "Nothing was measured: every class has one photo only. All photos were learned from." in text
    assert "To measure it, add a second photo of each class" in text
    assert "Not fine-tuned: no photo is held out." in text
    assert "Every class has 1 readable photo." in text
    assert "C = 1, the default: no photo was left to choose it by" in text
    assert not re.search(r"%|[Aa]ccuracy|interval", text)


def test_names_are_harmless() -> None:
    contents = replace(made_up.unmeasured(), title="<script>{{7*7}}", reason="only '<i>\x1b[31m' has", notes=("<b>",))
    html = render_unmeasured(contents)
    assert "<script>" not in html
    assert "49" not in words(html)
    assert "<i>" not in html
    assert "\x1b" not in html
    assert "\x1b" not in summary(contents)


def test_the_terminal_says_the_same() -> None:
    text = summary(made_up.unmeasured(), columns=200)
    assert text.startswith("NOT MEASURED: A classifier of 3 classes learned from 3 photos.")
    assert "! Not fine-tuned: no photo is held out." in text
    assert '- "None of these": Never answered' in text
    assert "%" not in text


def test_what_was_set_nonetheless_is_said() -> None:
    plain = made_up.unmeasured()
    fitted = replace(plain, calibrated=True, temperature=1.3, set_threshold=0.2, familiarity_threshold=0.4)
    found = dict(cautions(replace(fitted, health=replace(plain.health, imbalance=6.0))))
    assert found["Classes"].startswith("Answers lean toward the class with most photos; --balanced")
    assert found["Probabilities"] == "Temperature 1.30 comes from the few photos that were to spare."
    assert found["Prediction sets"].startswith("Their threshold comes from")
    assert found["\u201cNone of these\u201d"].startswith("Turns away what is less like the training photos")


def test_the_record_has_no_evaluation_and_comes_back() -> None:
    content = to_json(made_up.unmeasured())
    tree = json.loads(content)
    assert tree["format"] == "enxerto-unmeasured"
    assert tree["contents"]["evaluation"] is None
    assert tree["contents"]["reason"] == "every class has one photo only"
    assert from_json(content) == made_up.unmeasured()


def test_a_record_with_figures_it_can_not_have() -> None:
    tree = json.loads(to_json(made_up.unmeasured()))
    tree["contents"]["evaluation"] = 0.9
    with pytest.raises(IntegrityError, match="the report's record is damaged: Expected `null`"):
        from_json(json.dumps(tree).encode())
