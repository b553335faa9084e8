"""The page of what a run survives: its figures are those that the torture noted, its tests exist."""

import json
import re

import pytest

from tests.torture.__main__ import PAGE, RESULTS, ROOT, table
from tests.torture.parts import PARTS


def test_the_figures_are_those_of_the_torture():
    results = json.loads(RESULTS.read_text())
    assert table(results) in PAGE.read_text()
    untried = PARTS.keys() - results.keys()
    assert results.keys() <= PARTS.keys()
    assert all(f"`{part}` has not been tried at length yet" in PAGE.read_text() for part in untried)


@pytest.mark.parametrize("page", [PAGE, ROOT / "SECURITY.md"], ids=lambda page: page.name)
def test_each_promise_names_a_test_that_exists(page):
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page.read_text())
    assert len(named) > 10
    for file, name in named:
        code = (ROOT / file).read_text()
        assert not name or re.search(rf"^def {name}\(", code, re.MULTILINE), f"{file}::{name}"
