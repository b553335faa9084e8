"""A lesson in a terminal: what is shown and run, where a person is waited for, how a cell breaks off."""

import builtins
import io
import pathlib

import pytest

from gan_lowlevel.course import pages, terminal
from gan_lowlevel.course.pages import Cell, Page
from gan_lowlevel.errors import Exit, Failure


def page_of(*cells: tuple[str, ...], path: pathlib.Path = pathlib.Path("50_own.py")) -> Page:
    """Kind, source and tags of each cell; line 10 is where the first begins, line 20 the second."""
    return Page(50, path, [Cell(kind, text, tags, 10 * (i + 1)) for i, (kind, text, *tags) in enumerate(cells)])


@pytest.fixture
def at_a_terminal(monkeypatch):
    """Standard input is a terminal, at which Enter is pressed: returns what was asked there."""
    asked = []

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(terminal.sys, "stdin", Terminal())
    monkeypatch.setattr(builtins, "input", lambda prompt: asked.append(prompt))
    return asked


def test_text_code_and_what_the_code_says(capsys):
    terminal.run(
        page_of(
            ("markdown", "# 50. A title\n\n<!-- colab -->\n\nWith $\\sigma(a)$ and **stress**."),
            ("code", "x = 6\nprint('printed', x)"),
            ("code", "x * 7"),
            ("code", "x * 8;"),
            ("code", "None"),
        )
    )
    shown = capsys.readouterr().out
    assert "50. A title" in shown
    assert "With σ(a) and stress." in shown
    assert "colab" not in shown
    assert "print('printed', x)" in shown
    lines = shown.splitlines()
    assert "printed 6" in lines
    assert "42" in lines  # as a notebook shows the value of a last line
    assert "48" not in lines


PREDICT = (("markdown", f"{pages.PREDICT} Which?"), ("code", "print('the answer')", "hide-output"))


def test_a_prediction_is_waited_for_at_a_terminal(at_a_terminal, capsys):
    terminal.run(page_of(*PREDICT, ("code", "1", "hide-output"), ("markdown", "Predict"), ("code", "2")))
    assert at_a_terminal == ["Enter shows what it says. "]
    assert "the answer" in capsys.readouterr().out


def test_no_terminal_no_waiting(monkeypatch, capsys):
    def refuses(prompt):
        raise AssertionError

    monkeypatch.setattr(builtins, "input", refuses)
    for stdin in (io.StringIO(), None):
        monkeypatch.setattr(terminal.sys, "stdin", stdin)
        terminal.run(page_of(*PREDICT))
        assert "the answer\n" in capsys.readouterr().out


def test_the_end_of_the_input_is_as_good_as_enter(at_a_terminal, monkeypatch, capsys):
    def ended(prompt):
        raise EOFError

    monkeypatch.setattr(builtins, "input", ended)
    terminal.run(page_of(*PREDICT))
    assert "the answer\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1\n1 / 0", "50_own.py, line 11: ZeroDivisionError: division by zero"),
        ("def f():\n    raise ValueError('no')\n\nf()", "50_own.py, line 11: ValueError: no"),
        ("import json\njson.loads('')", "50_own.py, line 11: JSONDecodeError"),
        ("x = 1\nx = = 2", "50_own.py, line 11: SyntaxError: invalid syntax"),
    ],
)
def test_a_cell_of_an_edited_lesson_breaks_off_in_a_sentence(source, said, capsys):
    with pytest.raises(Failure) as caught:
        terminal.run(page_of(("code", source)))
    assert caught.value.code == Exit.FLAGS
    assert str(caught.value).startswith(said)


def test_a_cell_of_an_unedited_lesson_is_a_bug(monkeypatch, capsys):
    monkeypatch.setattr(pages, "unedited", lambda page: True)
    with pytest.raises(ZeroDivisionError):
        terminal.run(page_of(("code", "1 / 0")))


def test_a_failure_keeps_its_code_and_sentence(capsys):
    source = "from gan_lowlevel.errors import Exit, Failure\nraise Failure(Exit.DATA, 'no such run.')"
    with pytest.raises(Failure, match=r"^no such run\.$") as caught:
        terminal.run(page_of(("code", source)))
    assert caught.value.code == Exit.DATA
