"""What may be set between two updates of a game that is played live, and all its keys."""

import dataclasses

from gan_lowlevel.config import Config

KEYS = (("space", "go, pause"), ("d", "one update of D"), ("g", "one update of G"), ("r", "start over"),
        ("0", "the recipe's ratio and rates"), ("q", "close"))  # fmt: skip
KNOBS = ("+ −", "↑ ↓", "→ ←")  # keys, in the order of `Knobs.said`


@dataclasses.dataclass
class Knobs:
    """Ratio and learning rates as they are set now; at first as the settings say."""

    config: Config
    d_step: int = 0
    g_step: int = 0
    d_learning_rate: float = 0.0
    g_learning_rate: float = 0.0

    def __post_init__(self):
        self.as_the_recipe()

    def as_the_recipe(self) -> None:
        """Back to the settings."""
        for name in ("d_step", "g_step", "d_learning_rate", "g_learning_rate"):
            setattr(self, name, getattr(self.config, name))

    def press(self, key: str) -> None:
        """Turn one, by matplotlib's name of a key; others do nothing.

        + and −: through the ratios ..., 1 : 3, 1 : 2, 1 : 1, 2 : 1, 3 : 1, ... Arrows: twice a learning rate, or half.
        """
        if key in ("+", "="):  # one key on many keyboards, as the next two
            self.d_step, self.g_step = _more(self.d_step, self.g_step)
        elif key in ("-", "_"):
            self.g_step, self.d_step = _more(self.g_step, self.d_step)
        elif key in ("up", "down"):
            self.d_learning_rate *= 2.0 if key == "up" else 0.5
        elif key in ("right", "left"):
            self.g_learning_rate *= 2.0 if key == "right" else 0.5

    def said(self) -> list[str]:
        """A line for each of KNOBS."""
        return [
            f"D : G = {self.d_step} : {self.g_step}",
            f"D's learning rate {self.d_learning_rate:g}",
            f"G's learning rate {self.g_learning_rate:g}",
        ]


def _more(updates: int, of_other: int) -> tuple[int, int]:
    return (updates, of_other - 1) if of_other > 1 else (updates + 1, of_other)
