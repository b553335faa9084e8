"""The short form of each part of the torture."""

import pytest

from tests.torture.parts import PARTS


@pytest.mark.torture
@pytest.mark.parametrize("name", PARTS)
def test_the_promise_holds(name, tmp_path):
    PARTS[name].run(amount=PARTS[name].short, seed=0, folder=tmp_path)
