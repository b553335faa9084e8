"""Formulas as a terminal shows them."""

import re

import pytest

from gan_lowlevel.course import folder, formulas, pages
from gan_lowlevel.course.formulas import plain, shown


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        (r"\log(1 - D(G(z)))", "log(1 - D(G(z)))"),
        (r"\mathbb{E}_{x \sim p_{data}}[\log D(x)]", "E_(x ~ p_data)[log D(x)]"),
        (r"\frac{\partial L}{\partial a} = -\sigma(a)", "∂L/∂a = -σ(a)"),
        (r"\frac{p(x)}{p(x) + q(x)}", "p(x)/(p(x) + q(x))"),
        (r"\tfrac12 \cdot 10^{-8}", "1/2 · 10⁻⁸"),
        (r"D^*(x) \le \infty", "D*(x) ≤ ∞"),
        (r"y = x^2 + e^{-a}", "y = x² + e^(-a)"),
        (r"\nabla_{\theta_G} L,\quad \sqrt{v}", "∇_(θ_G) L, √(v)"),
        (r"JSD(p \| q) \in \{0, 1\}", "JSD(p ‖ q) ∈ {0, 1}"),
        (r"\unknown x", "unknown x"),
    ],
)
def test_plain(formula, wanted):
    assert plain(formula) == wanted


def test_formulas_stand_as_code_and_code_stays():
    text = "A $p_g$ and\n$$V = \\log 4$$\nfor `$5` and\n```sh\necho $HOME $PATH\n```\ncosts $x\n+ 1$"
    assert shown(text) == (
        "A `p_g` and\n\n```\nV = log 4\n```\n\nfor `$5` and\n```sh\necho $HOME $PATH\n```\ncosts `x\n+ 1`"
    )


@pytest.mark.parametrize("number", folder.pages())
def test_a_lessons_formulas_are_known_signs(number):
    known = {"log", "exp", "min", "max", "tanh", "arg", "det", "frac", "dfrac", "tfrac", "sqrt", "hat", "bar", "tilde",
             "vec", *re.findall(r"[a-z]+", formulas._WRAPPED), *formulas.SIGNS}  # fmt: skip
    text = "\n\n".join(cell.source for cell in pages.read(number).cells if cell.kind == "markdown")
    found = re.findall(r"\$\$(.+?)\$\$|\$([^$]+)\$", formulas._HIDDEN.sub("", text), re.DOTALL)
    assert {name for pair in found for name in re.findall(r"\\([A-Za-z]+)", "".join(pair))} - known == set()
