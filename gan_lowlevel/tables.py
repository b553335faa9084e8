"""A game's layer tables: generator, discriminator, and the stack of both in which D is frozen, as rows, text, boxes."""

import dataclasses
import io

import tensorflow as tf

from gan_lowlevel import draws
from gan_lowlevel.layers import LAYERS
from gan_lowlevel.networks.game import Game

v1 = tf.compat.v1

# By TensorFlow's type of op.
_ACTIVATIONS = {"LeakyRelu": "leaky_relu", "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh"}


@dataclasses.dataclass(frozen=True)
class Row:
    """A layer."""

    name: str
    kind: str  # with the activation that follows
    shape: tuple[int | None, ...]  # of its output; None: the batch
    trainable: int = 0  # parameters
    fixed: int = 0  # parameters that do not train: moving statistics, and all of a frozen player

    @property
    def parameters(self) -> int:
        return self.trainable + self.fixed

    def shape_text(self) -> str:
        """[B, 7, 7, 256]."""
        return f"[{', '.join('B' if size is None else str(size) for size in self.shape)}]"


@dataclasses.dataclass(frozen=True)
class Table:
    """A network, from its input, the first row, to its output, the last."""

    name: str
    rows: tuple[Row, ...]

    @property
    def trainable(self) -> int:
        return sum(row.trainable for row in self.rows)

    @property
    def fixed(self) -> int:
        return sum(row.fixed for row in self.rows)

    @property
    def parameters(self) -> int:
        return self.trainable + self.fixed


def tables(game: Game, z_dim: int) -> tuple[Table, Table, Table]:
    """Generator, discriminator and stack of the game; builds the players in a graph of its own."""
    with tf.Graph().as_default():
        z = v1.placeholder(tf.float32, [None, z_dim], name="z")
        x = v1.placeholder(tf.float32, [None, *game.data_shape], name="x")
        with v1.variable_scope("generator"):
            game.generator(z, tf.constant(False))
        with v1.variable_scope("discriminator"):
            game.discriminator(x, draws.Masks(draws.origin(0, draws.Stream.CHECK, 0), "real"))
        generator = _table("generator", z)
        discriminator = _table("discriminator", x)

    g, d = generator.rows[-1], discriminator.rows[-1]
    stack = (
        generator.rows[0],
        Row("generator", "G", g.shape, trainable=generator.trainable, fixed=generator.fixed),
        Row("discriminator", "D, frozen", d.shape, fixed=discriminator.parameters),  # here G alone learns
    )
    return generator, discriminator, Table("stack", stack)


def _table(player: str, inputs: tf.Tensor) -> Table:
    notes = [note for note in v1.get_collection(LAYERS) if note.scope.startswith(f"{player}/")]
    activations = _activations([note.scope for note in notes], player)
    rows = [Row(inputs.op.name, "input", tuple(inputs.shape))]
    for note in notes:
        kind = ", ".join([note.kind, *activations[note.scope]])
        rows.append(Row(note.scope.removeprefix(f"{player}/"), kind, note.output_shape, note.trainable, note.fixed))
    return Table(player, tuple(rows))


def _activations(scopes: list[str], player: str) -> dict[str, list[str]]:
    """What is applied between a layer and the next, by the layer's scope, read from the graph's ops in their order."""
    found: dict[str, list[str]] = {scope: [] for scope in scopes}
    layer = None
    for op in v1.get_default_graph().get_operations():
        if not op.name.startswith(f"{player}/"):
            continue
        inside = next((scope for scope in scopes if op.name.startswith(f"{scope}/")), None)
        if inside:
            layer = inside
        elif layer and op.type in _ACTIVATIONS:
            found[layer].append(_ACTIVATIONS[op.type])
    return found


def text(of: tuple[Table, ...]) -> str:
    """The tables for a console, each with its totals; columns as wide as the widest entry of all."""
    names = max(len(row.name) for table in of for row in table.rows) + 2
    kinds = max(len(row.kind) for table in of for row in table.rows) + 2
    shapes = max(len(row.shape_text()) for table in of for row in table.rows) + 2
    width = names + kinds + shapes + 12
    lines = []
    for table in of:
        lines += ["", f"{table.name:<{names + kinds}}{'output':<{shapes}}{'parameters':>12}", "-" * width]
        lines += [
            f"{row.name:<{names}}{row.kind:<{kinds}}{row.shape_text():<{shapes}}{row.parameters:>12,}"
            for row in table.rows
        ]
        lines.append("-" * width)
        for what, count in (("all", table.parameters), ("trainable", table.trainable), ("not trainable", table.fixed)):
            lines.append(f"{what:<{width - 12}}{count:>12,}")
    return "\n".join(lines)


def drawn(table: Table) -> bytes:
    """The network from top to bottom, a box for each layer with its shapes in and out: a PNG file."""
    from matplotlib.figure import Figure  # here, since who reads the tables on a console does not wait for it

    pitch, height, width, middle = 1.0, 0.72, 7.6, 4.0  # inches: from box to box, of a box, to the line in it
    figure = Figure(figsize=(width + 0.4, len(table.rows) * pitch + 0.9), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-0.2, width + 0.2), ylim=(-len(table.rows) * pitch - 0.1, 0.8))
    axes.axis("off")
    axes.text(width / 2, 0.5, table.name, ha="center", va="center", fontsize=15, weight="bold")
    axes.text(
        width / 2, 0.16, ha="center", va="center", fontsize=10, s=f"{table.parameters:,} parameters: "
        f"{table.trainable:,} trainable, {table.fixed:,} not trainable",
    )  # fmt: skip
    for i, row in enumerate(table.rows):
        top = -i * pitch - 0.14
        center = top - height / 2
        color = "#eeeeee" if i == 0 else "#dce9f7" if row.trainable else "#f7e6dc" if row.fixed else "white"
        axes.add_patch(_rectangle((0, top - height), width, height, color))
        axes.plot([middle, middle], [top, top - height], color="black", linewidth=0.8)
        axes.text(0.15, center + 0.15, row.name, va="center", fontsize=12, weight="bold")
        below = f"{row.kind}   {row.parameters:,} parameters" if row.parameters else row.kind
        axes.text(0.15, center - 0.17, below, va="center", fontsize=10)
        into = table.rows[max(i - 1, 0)]  # a reshape, which is no layer, belongs to the layer after it
        for label, shape, y in (("in", into.shape_text(), center + 0.17), ("out", row.shape_text(), center - 0.17)):
            axes.text(middle + 0.15, y, label, va="center", fontsize=10, color="#555555")
            axes.text(middle + 0.7, y, shape, va="center", fontsize=11)
        if i:
            axes.annotate("", (width / 2, top), (width / 2, top + pitch - height), arrowprops={"arrowstyle": "-|>"})
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _rectangle(corner: tuple[float, float], width: float, height: float, color: str):
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, facecolor=color, edgecolor="black", linewidth=0.8)
