"""The articles' own numbers behind our curves."""

import numpy as np
from matplotlib.figure import Figure

from docs.results.files import Table, rows
from docs.results.panels import panels
from docs.results.words import extent, number, seeds, table

TEXT = """\
What two of the articles print of their own runs, behind ours, in their scale: the article on DCGAN averages D's cross-
entropy over real and fake digits together, which is half of our `D_loss`."""
DIFFERENT = """\
The article's D grows the stronger player, ours stays near ½ (D_loss 1.3863, in its scale 0.6931). It does not print the
rate of D's dropout, 0.3 here, which may decide just that: no other was tried."""
DCGAN = {"d_loss": "d_loss, half of our D_loss", "accuracy": "accuracy of D", "g_loss": "g_loss"}
EPOCH = 469  # steps of dcgan, on all of MNIST


def section(tables: dict[str, Table]) -> str | None:
    """Those of the two games that have rows."""
    found, printed = rows(tables, "games"), tables["articles"]
    parts = [TEXT]
    if "dcgan" in found:
        parts.append(_dcgan_lines(found["dcgan"], printed["dcgan"]))
        parts.append("![dcgan: the article's 50 epochs and ours](pictures/results/article-dcgan.png)")
        parts.append(DIFFERENT)
    if "parabola" in found:
        parts.append(_parabola_lines(found["parabola"], printed["parabola"]))
        parts.append("![parabola: the article's five lines and ours](pictures/results/article-parabola.png)")
    return "\n\n".join(parts) if len(parts) > 1 else None


def pictures(tables: dict[str, Table]) -> dict[str, Figure]:
    """Of the same games."""
    found, printed = rows(tables, "games"), tables["articles"]
    draw = {"dcgan": _dcgan_picture, "parabola": _parabola_picture}
    return {f"article-{name}": one(found[name], printed[name]) for name, one in draw.items() if name in found}


def _in_its_scale(lines: Table) -> dict[str, np.ndarray]:
    """Our figures as the article on DCGAN counts them."""
    accuracy = (np.array(lines["accuracy/real"]) + np.array(lines["accuracy/fake"])) / 2
    return {"d_loss": np.array(lines["D_loss"]) / 2, "accuracy": accuracy, "g_loss": np.array(lines["G_loss"])}


def _dcgan_lines(row: Table, article: Table) -> str:
    lines = row["runs"][0]["lines"]
    ours, epochs = _in_its_scale(lines), len(lines["step"])
    body = [[name, _extent(article[name][:epochs]), _extent(article[name]), _extent(ours[name])] for name in DCGAN]
    head = ["last batch of an epoch", f"article, epochs 1–{epochs}", "article, all 50", f"ours, epochs 1–{epochs}"]
    return (
        "`dcgan`, median (lowest to highest); ours are the steps recorded last before, up to 18 earlier:\n\n"
        f"{table(head, body)}"
    )


def _extent(values: list[float]) -> str:
    return extent(values, "{:.2f}".format)


def _dcgan_picture(row: Table, article: Table) -> Figure:
    drawn, axes = panels(list(DCGAN.values()))
    curves = row["runs"][0]["curves"]
    ours = _in_its_scale(curves)
    for one, name in zip(axes, DCGAN, strict=True):
        one.plot(range(1, 51), article[name], "o-", color="0.7", markersize=3, label="the article, 50 epochs")
        one.plot(np.array(curves["step"]) / EPOCH, ours[name], color="C0", linewidth=1, label="ours")
        one.set_xlabel("epoch")
        one.legend(fontsize=9)
    return drawn


def _parabola_lines(row: Table, article: Table) -> str:
    body = []
    for i, step in enumerate(article["step"]):
        ours = [_extent([run["lines"][f"accuracy/{kind}"][i] for run in row["runs"]]) for kind in ("real", "fake")]
        real, fake = (number(article[f"accuracy_{kind}"][i], 2) for kind in ("real", "fake"))
        body.append([f"{step:,}", real, ours[0], fake, ours[1]])
    head = ["step", "article, real", "ours, real", "article, fake", "ours, fake"]
    count = len(row["runs"])
    return f"`parabola`, D's accuracy; ours: median (lowest to highest) of {count} runs:\n\n{table(head, body)}"


def _parabola_picture(row: Table, article: Table) -> Figure:
    drawn, axes = panels(["D's accuracy on real points", "D's accuracy on fake points"], sharey=True)
    for one, kind in zip(axes, ("real", "fake"), strict=True):
        for k, run in enumerate(row["runs"]):
            one.plot(run["lines"]["step"], run["lines"][f"accuracy/{kind}"], color="C0", alpha=0.35, linewidth=1,
                     label=f"ours, {seeds(row)}" if k == 0 else None)  # fmt: skip
        one.plot(article["step"], article[f"accuracy_{kind}"], "o-", color="black", label="the article's run")
        one.set(xlabel="step", ylim=(-0.02, 1.02))
        one.legend(fontsize=9, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16), frameon=False)
    return drawn
