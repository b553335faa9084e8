"""The front page's picture of the game, of the players that come with the package: python -m docs.game_picture

Writes docs/pictures/game.svg and, with Chinese words, game.zh_CN.svg, which Sphinx takes for the Chinese site: real
digits and fakes, D on both, V of 500 of each, and who pulls at it which way. The colours follow the reader's, light or
dark.
"""

import base64
import math
import pathlib
import re
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws, gan, losses, networks, pictures, pretrained, sessions
from gan_lowlevel.data import embedded

v1 = tf.compat.v1

FOLDER = pathlib.Path(__file__).with_name("pictures")
FILES = {"en": "game.svg", "zh": "game.zh_CN.svg"}
SHOWN, MEASURED = 6, 500  # digits of each kind
SIDE, CELL = 42, 5  # of a digit and of a number of z, in the picture
LOW, HIGH, LEFT, RIGHT, AXIS = -2.0, 0.0, 60, 640, 386  # V's axis, its ends and its height

STYLE = """
    text { font: 17px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #333; }
    .large { font-size: 36px; font-weight: 600; } .small { font-size: 15px; } .middle { text-anchor: middle; }
    .right { text-anchor: end; } .math { font-style: italic; }
    .box { fill: #f4f4f2; stroke: #888; stroke-width: 1.5; }
    .line { fill: none; stroke: #777; stroke-width: 1.8; } .head { fill: #777; }
    .real { fill: #c2362b; } .fake { fill: #2458c5; }
    .line.real, .line.fake { fill: none; stroke-width: 3; }
    .line.real { stroke: #c2362b; } .line.fake { stroke: #2458c5; }
    .line.d { stroke: #333; stroke-width: 5; } .head.d { fill: #333; }
    .line.g { stroke: #2458c5; stroke-width: 5; } .head.g { fill: #2458c5; }
    @media (prefers-color-scheme: dark) {
      text { fill: #ddd; }
      .box { fill: #26282c; stroke: #999; }
      .line { stroke: #aaa; } .head { fill: #aaa; }
      .real { fill: #ff8f80; } .fake { fill: #8ab4ff; }
      .line.real { stroke: #ff8f80; } .line.fake { stroke: #8ab4ff; }
      .line.d { stroke: #ddd; } .head.d { fill: #ddd; }
      .line.g { stroke: #8ab4ff; } .head.g { fill: #8ab4ff; }
    }
"""

WORDS = {
    "en": {
        "real": ", real digits",
        "latent": ", random",
        "fake": ", fakes",
        "twice": "one D connected twice",
        "mean": "mean",
        "d": "D pulls V up",
        "g": "G pulls V down",
        "half": "G has won: D can only say ½",
        "zero": "D has won: never in doubt",
        "title": "Real digits and G's fakes go through the same D; D pulls the value V up, G pulls it down.",
    },
    "zh": {
        "real": "：真实的数字",
        "latent": "：随机数",
        "fake": "：假的数字",
        "twice": "同一个 D，连接两次",
        "mean": "均值",
        "d": "D 把 V 往上拉",
        "g": "G 把 V 往下拉",
        "half": "G 赢了：D 只能说 ½",
        "zero": "D 赢了：从不犹豫",
        "title": "真实的数字和 G 的假数字经过同一个 D；D 把值 V 往上拉，G 把它往下拉。",
    },
}


class Seen(NamedTuple):
    """What the picture shows."""

    x: np.ndarray  # float32 [MEASURED, 784] in (0, 1)
    z: np.ndarray  # float32 [MEASURED, z_dim]
    fake: np.ndarray  # as x
    d_real: float  # mean D(x)
    d_fake: float  # mean D(G(z))
    value: float  # V(D, G), nats


def seen() -> Seen:
    """D and G of the package's mlp on held-out digits and on the z of the first seeds."""
    players = pretrained.read("mlp")
    game = networks.GAMES["mlp"](players.settings)
    held_out = embedded.load().held_out_images  # uint8, by class: of each take some
    x = held_out.reshape(10, -1, 784).swapaxes(0, 1).reshape(-1, *game.data_shape)[:MEASURED] / np.float32(255)
    z = sessions.latents(game, players.settings.z_dim, list(range(MEASURED)))
    with tf.Graph().as_default(), v1.Session() as session:
        play = gan.connect(
            game,
            tf.constant(x),
            tf.constant(z),
            training=tf.constant(False),
            origin=draws.origin(0, draws.Stream.CHECK, 0),
        )
        variables = v1.global_variables()
        given = {variable.initial_value: players.weights[variable.op.name] for variable in variables}
        session.run(v1.variables_initializer(variables), given)
        value = losses.value(play.real_logits, play.fake_logits)
        means = [tf.reduce_mean(play.d_real), tf.reduce_mean(play.d_fake), value]
        fake, *figures = session.run([play.fake, *means])
    return Seen(x, z, fake, *map(float, figures))


def text(x: float, y: float, content: str, kind: str = "") -> str:
    """A line of text; single letters are mathematics, and so is what is in it of them."""
    content = re.sub(r"(?<![A-Za-z])([xzDGV])(?=[(),：]|$)", r'<tspan class="math">\1</tspan>', content)
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{content}</text>'


def arrow(points: str, kind: str = "") -> str:
    """A line through points "x,y x,y" with a head at its end."""
    (x0, y0), (x1, y1) = [tuple(map(float, point.split(","))) for point in points.split()[-2:]]
    long = math.hypot(x1 - x0, y1 - y0)
    u, v = (x1 - x0) / long, (y1 - y0) / long
    back, wide = (14, 8) if kind in ("d", "g") else (10, 5)
    bx, by = x1 - back * u, y1 - back * v
    head = f"{x1:g},{y1:g} {bx - wide * v:g},{by + wide * u:g} {bx + wide * v:g},{by - wide * u:g}"
    line = " ".join([*points.split()[:-1], f"{bx:g},{by:g}"])
    return f'<polyline points="{line}" class="line {kind}"/><polygon points="{head}" class="head {kind}"/>'


def digits(images: np.ndarray, x: float, y: float) -> str:
    """Two rows of digits as one embedded picture."""
    shown = pictures.to_uint8(images[:SHOWN].reshape(-1, 28, 28, 1), (0.0, 1.0))
    data = base64.b64encode(pictures.png(pictures.grid(shown, columns=SHOWN // 2))).decode()
    return (f'<image x="{x:g}" y="{y:g}" width="{SHOWN // 2 * SIDE}" height="{2 * SIDE}" '
            f'href="data:image/png;base64,{data}"/>')  # fmt: skip


def latent(z: np.ndarray, x: float, y: float) -> str:
    """One z, uniform in (-1, 1), as squares of grey, 25 to a row."""
    squares = [
        f'<rect x="{x + CELL * (i % 25):g}" y="{y + CELL * (i // 25):g}" width="{CELL}" height="{CELL}" '
        f'fill="rgb({level},{level},{level})"/>'
        for i, level in enumerate(np.rint(127.5 * (z + 1)).astype(int))
    ]
    return "".join(squares)


def at(value: float) -> float:
    """Where a value of V stands on its axis."""
    return LEFT + (value - LOW) / (HIGH - LOW) * (RIGHT - LEFT)


def signed(value: float, digits: int = 2) -> str:
    """With a minus sign as print has it."""
    return f"{value:.{digits}f}".replace("-", "−")


def drawn(seen: Seen, language: str) -> str:
    """The picture, with the words of a language."""
    words = WORDS[language]
    v, ideal = at(seen.value), at(losses.IDEAL_VALUE)
    parts = [
        text(20, 26, f"x{words['real']}", "real"),
        digits(seen.x, 20, 38),
        arrow("152,80 480,80", "real"),
        text(20, 192, f"z{words['latent']}"),
        latent(seen.z[0], 20, 204),
        arrow("152,214 188,214"),
        '<rect x="190" y="180" width="68" height="68" rx="8" class="box"/>',
        '<text x="224" y="227" class="large middle fake">G</text>',
        arrow("260,214 294,214", "fake"),
        text(298, 160, f"G(z){words['fake']}", "fake"),
        digits(seen.fake, 298, 172),
        arrow("428,214 480,214", "fake"),
        '<rect x="484" y="38" width="68" height="218" rx="8" class="box"/>',
        '<text x="518" y="160" class="large middle">D</text>',
        text(518, 278, words["twice"], "middle small"),
        arrow("554,80 582,80", "real"),
        text(590, 78, "D(x)", "real"),
        text(590, 99, f"= {seen.d_real:.2f}", "real"),
        arrow("554,214 582,214", "fake"),
        text(590, 212, "D(G(z))", "fake"),
        text(590, 233, f"= {seen.d_fake:.2f}", "fake"),
        text(
            350,
            324,
            f'V(D, G) = <tspan class="real">{words["mean"]} log D(x)</tspan> + '
            f'<tspan class="fake">{words["mean"]} log(1 − D(G(z)))</tspan> = {signed(seen.value)}',
            "middle",
        ),
        f'<line x1="{LEFT}" y1="{AXIS}" x2="{RIGHT}" y2="{AXIS}" class="line"/>',
        f'<line x1="{ideal:g}" y1="{AXIS - 7}" x2="{ideal:g}" y2="{AXIS + 7}" class="line"/>',
        f'<line x1="{RIGHT}" y1="{AXIS - 7}" x2="{RIGHT}" y2="{AXIS + 7}" class="line"/>',
        arrow(f"{v + 9:g},{AXIS} {v + 120:g},{AXIS}", "d"),
        arrow(f"{v - 9:g},{AXIS} {v - 120:g},{AXIS}", "g"),
        f'<circle cx="{v:g}" cy="{AXIS}" r="8" class="head d"/>',
        text(v + 12, AXIS - 18, words["d"]),
        text(v - 12, AXIS - 18, words["g"], "right fake"),
        text(ideal, AXIS + 29, f"−log 4 = {signed(losses.IDEAL_VALUE, 3)}", "middle"),
        text(ideal, AXIS + 50, words["half"], "middle small"),
        text(RIGHT + 8, AXIS + 29, "0", "right"),
        text(RIGHT + 8, AXIS + 50, words["zero"], "right small"),
    ]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 446" width="700" height="446" role="img">'
        f"<title>{words['title']}</title><style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def main() -> None:
    """Draw it in both languages."""
    found = seen()
    for language, file in FILES.items():
        (FOLDER / file).write_text(drawn(found, language), encoding="utf-8")
        print(f"{FOLDER / file}: {(FOLDER / file).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
