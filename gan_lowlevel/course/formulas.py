"""Formulas of LaTeX as a terminal shows them: those that the lessons use, no more."""

import re

SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ",
    "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
    "approx": "≈", "cdot": "·", "dots": "…", "ell": "ℓ", "equiv": "≡", "ge": "≥", "geq": "≥", "gg": "≫", "in": "∈",
    "infty": "∞", "int": "∫", "lVert": "‖", "langle": "⟨", "lceil": "⌈", "ldots": "…", "le": "≤", "leftarrow": "←",
    "leq": "≤", "lfloor": "⌊", "ll": "≪", "lvert": "|", "mapsto": "↦", "mid": "|", "nabla": "∇", "ne": "≠", "neq": "≠",
    "odot": "⊙", "partial": "∂", "pm": "±", "prod": "∏", "propto": "∝", "qquad": "   ", "quad": "  ", "rVert": "‖",
    "rangle": "⟩", "rceil": "⌉", "rfloor": "⌋", "rightarrow": "→", "Rightarrow": "⇒", "rvert": "|", "sim": "~",
    "sum": "Σ", "times": "×", "to": "→", "Vert": "‖", "big": "", "Big": "", "bigl": "", "bigr": "", "displaystyle": "",
    "left": "", "limits": "", "right": "",
}  # fmt: skip
POWERS = str.maketrans("0123456789-+n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ")
_WRAPPED = r"\\(?:text|textbf|textit|mathrm|mathbb|mathcal|mathbf|mathit|operatorname|boldsymbol)\*?\{([^{}]*)\}"
_FRACTION = r"\\[td]?frac\{([^{}]*)\}\{([^{}]*)\}"
_SHORT_FRACTION = r"\\[td]?frac\s*(\d)\s*(\d)"
_HIDDEN = re.compile(r"```.*?```|~~~.*?~~~|`[^`\n]*`", re.DOTALL)


def plain(formula: str) -> str:
    r"""One formula without its dollars: `\frac{\partial L}{\partial a}` to `∂L/∂a`."""
    text = re.sub(_SHORT_FRACTION, r"\1/\2", formula)
    for _ in range(6):  # one level of braces each
        text = re.sub(_WRAPPED, r"\1", text)
        text = re.sub(r"([_^])\{(\w+|[^\w{}]|-\d+)\}", r"\1\2", text)
        text = re.sub(_FRACTION, lambda parts: f"{_term(parts[1])}/{_term(parts[2])}", text)
        text = re.sub(r"\\sqrt\{([^{}]*)\}", r"√(\1)", text)
        text = re.sub(r"\\(?:hat|bar|tilde|vec)\{([^{}]*)\}", r"\1", text)
        text = re.sub(r"([_^])\{([^{}]*)\}", r"\1(\2)", text)
    text = re.sub(r"\\([,;:!> ])", " ", text)
    text = text.replace(r"\\", "\n").replace(r"\|", "‖").replace(r"\{", "{").replace(r"\}", "}")
    text = re.sub(r"\\([A-Za-z]+)", lambda name: SIGNS.get(name[1], name[1]), text)
    text = re.sub(r"([∂∇]) (?=\w)", r"\1", text)
    text = text.replace("^*", "*")
    text = re.sub(r"\^(-?\d+|n)\b", lambda power: power[1].translate(POWERS), text)
    return "\n".join(re.sub(r" +", " ", line).strip() for line in text.split("\n")).strip()


def _term(text: str) -> str:
    """In parentheses where it is more than one factor."""
    simple = re.fullmatch(r"[\w\\ ]+|[\w\\]+\([^()]*\)", text.strip())
    return text.strip() if simple else f"({text.strip()})"


def shown(markdown: str) -> str:
    """A text whose formulas stand as code, in a line or in blocks; what is code already stays."""
    parts, last = [], 0
    for code in _HIDDEN.finditer(markdown):
        parts += [_formulas(markdown[last : code.start()]), code[0]]
        last = code.end()
    return "".join([*parts, _formulas(markdown[last:])])


def _formulas(text: str) -> str:
    text = re.sub(r"\$\$(.+?)\$\$", lambda found: f"\n```\n{plain(found[1])}\n```\n", text, flags=re.DOTALL)
    return re.sub(r"(?<![\\$`])\$([^$\n]+(?:\n[^$\n]+)?)\$", lambda found: f"`{plain(found[1])}`", text)
