"""Print a game's layer tables: generator, discriminator, and the stack of both in which D is frozen.

python -m gan_lowlevel.summary --model=dcgan
"""

import dataclasses
import functools
import pathlib
from typing import Any

from gan_lowlevel import command, system
from gan_lowlevel.commandline import read_config, read_record, recipe_defaults
from gan_lowlevel.config import Config, flag_text, setting
from gan_lowlevel.errors import Exit


def _as_in_training(name: str) -> Any:
    """The training's own setting, unset: then the model's recipe says it."""
    return dataclasses.field(default=None, metadata=Config.__dataclass_fields__[name].metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SummaryConfig:
    """Every setting of the command: those of training that change the networks, and where to draw them."""

    model: str | None = _as_in_training("model")
    dataset: str | None = _as_in_training("dataset")
    image_size: int | None = _as_in_training("image_size")
    channels: int | None = _as_in_training("channels")
    z_dim: int | None = _as_in_training("z_dim")
    plot: str = setting(
        "", str, "Folder for generator.png, discriminator.png and stack.png, the layers drawn as boxes; made if it "
        "is missing. Empty: none are drawn."
    )  # fmt: skip

    def training(self) -> Config:
        """The settings of a training run with these networks. Raises Failure(FLAGS) where they are contradictory."""
        typed = {name: value for name, value in dataclasses.asdict(self).items() if name != "plot"}
        return read_config([flag_text(name, value) for name, value in typed.items() if value is not None])


def main(config: SummaryConfig) -> Exit:
    """Build the networks, print, draw; reads no data and makes no run."""
    training = config.training()

    command.start_tensorflow()
    from gan_lowlevel import networks, tables

    found = tables.tables(networks.GAMES[training.model](training), training.z_dim)
    print(tables.text(found))
    if config.plot:
        folder = pathlib.Path(config.plot)
        folder.mkdir(parents=True, exist_ok=True)
        for table in found:
            system.write_atomically(folder / f"{table.name}.png", tables.drawn(table))
        print(f"\n{', '.join(f'{table.name}.png' for table in found)} are in {folder}")
    return Exit.DONE


if __name__ == "__main__":
    command.run(
        command="summary",
        purpose=__doc__.strip(),
        record=SummaryConfig,
        body=main,
        read=functools.partial(read_record, SummaryConfig),
        defaults=lambda argv: {"plot": ""} | recipe_defaults(argv),
    )
