"""SIGKILL at random moments: a run that is killed and given again ends as one that nothing disturbed."""

import pathlib
import random
import signal

from gan_lowlevel.errors import Exit
from tests.torture import training

STEPS = 40
QUICK = ("--batch_size=16", "--threads=1", "--summary_every=5", "--sample_every=10", "--save_every=10")


def run(amount: int, seed: int, folder: pathlib.Path) -> dict[str, int]:
    """Kill one run `amount` times."""
    chance = random.Random(seed)
    flags = (f"--max_steps={STEPS}", *QUICK)
    code, _, err = training.finish(training.start(folder, "--run_name=undisturbed", *flags))
    assert code == Exit.DONE, err
    for _ in range(amount):
        process = training.start(folder, "--run_name=killed", "--line_every=1", *flags)
        at = chance.randrange(1, 10)
        for _ in range(at):
            process.stdout.readline()
        process.kill()
        assert training.finish(process)[0] in (-signal.SIGKILL, Exit.DONE)
    code, _, err = training.finish(training.start(folder, "--run_name=killed", *flags))
    assert (code, err) == (Exit.DONE, "")
    logs = folder / "logs"
    assert training.digest(logs / "killed", STEPS) == training.digest(logs / "undisturbed", STEPS)
    return {"kills": amount}
