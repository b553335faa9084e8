"""One run from its first step, or its newest checkpoint, to its last: play, check, record, save."""

import dataclasses
import math
from typing import Any

import tensorflow as tf

from gan_lowlevel import console, system, tables, xla_cache
from gan_lowlevel.checkpoints import Checkpoints, NotFinite
from gan_lowlevel.compiled import CompiledLoop, convolutional
from gan_lowlevel.config import COMPILED_FROM, COMPILED_UPDATES, RESIZED, Config
from gan_lowlevel.data import held_out as held_out_rows
from gan_lowlevel.data.dataset import Dataset, Rows
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.gan import build
from gan_lowlevel.loop import ExplicitLoop, Report, batches_played
from gan_lowlevel.networks.game import Game
from gan_lowlevel.recorder import Bystander, Clock, Recorder
from gan_lowlevel.runs import Run, lost_checkpoints
from gan_lowlevel.sessions import initialize, session_config
from gan_lowlevel.workers import ALONE, Alone, Workers, lost

v1 = tf.compat.v1


MOST_REWINDS = 3  # of a run


class Broken(Exception):
    """Something of a step is not finite."""

    def __init__(self, what: str, rewinds: int):
        super().__init__(what)
        self.rewinds = rewinds  # that the run had before


def train(config: Config, game: Game, data: Dataset, rows: Rows, run: Run, workers: Alone | Workers = ALONE) -> Exit:
    """Train to the last step, from the newest good checkpoint where there is one; the run must be claimed.

    Of several workers rank 0 alone reads and writes the run.

    Returns DONE, or INTERRUPTED or TERMINATED after a signal, everything saved. Raises Failure(NAN) where a loss, a
    gradient or a weight is not finite and on_nan does not let it rewind, Failure(FLAGS) where the data are not those
    that the run was begun with, Failure(CHECKPOINTS) where no checkpoint is good, or those that it had are gone,
    Failure(PEER_LOST) where another worker is not heard of any more.
    """
    stop = system.StopRequest()
    rewinds = 0  # that this process has decided on; the checkpoint knows of earlier ones
    while True:
        try:
            return _play(config, game, data, rows, run, rewinds, stop, workers)
        except Broken as broken:
            rewinds = broken.rewinds + 1
            if config.on_nan == "stop" or rewinds > MOST_REWINDS:
                raise Failure(Exit.NAN, _advice(config, run, broken)) from None
            where = "the last good checkpoint" if _saved(run) else "the beginning"
            console.say(f"{broken}: back to {where}, rewind {rewinds} of {MOST_REWINDS} with other z")
            if stop.exit_code and workers.size == 1:  # a signal came with it
                return stop.exit_code
        except tf.errors.OpError as error:
            if workers.size == 1 or not lost(error):
                raise
            raise _peer_lost(config, workers, error) from None


def _play(
    config: Config,
    game: Game,
    data: Dataset,
    rows: Rows,
    run: Run,
    rewinds: int,
    stop: system.StopRequest,
    workers: Alone | Workers,
) -> Exit:
    """From the newest good checkpoint to the end, with a graph of its own. Raises Broken."""
    first = workers.rank == 0
    held_out = held_out_rows(data, config, game.output_range, game.data_shape)
    placed = workers.placed(config, data.sha256() if workers.size > 1 else "")
    with tf.Graph().as_default(), placed, workers.session(config) as session:
        gan = build(config, game, workers)
        refuse_too_large(config, game)
        states = Checkpoints(run.checkpoints, session)
        initialize(session, game, data)
        again = rewinds > 0  # in this process: the console has said what runs
        start, notes = _resumed(config, data, run, states, rewinds) if first else (0, {"rewinds": rewinds})
        compiled = config.engine == "compiled"
        start, rewinds, compiled = workers.begin(session, start, notes["rewinds"], compiled)
        loop = ExplicitLoop(session, gan, game, config, rows, rewinds, workers)
        clock = Clock(config, rows)
        if start >= config.max_steps:
            if first:
                if start == config.max_steps and run.undrawn.exists():  # the disk refused it
                    with Recorder(loop, clock, run, data, held_out, start):
                        pass
                console.print_already_there(config, run, start)
            workers.end(session)
            return Exit.DONE
        if first and not again:
            console.print_start(config, gan.theta, data, devices(session), workers.size)
        console.print_run(run, start, rewinds, workers.rank)

        engine = begin(loop, compiled)
        if not workers.all_can(session, engine is not loop):
            engine = loop
        if first:
            kind = "explicit" if engine is loop else "compiled"
            system.write_atomically(run.flags, dataclasses.replace(config, engine=kind).flagfile().encode())
        with (
            stop.installed(),
            Recorder(loop, clock, run, data, held_out, start) if first else Bystander() as recorder,
            console.Progress(start, config.max_steps, config.line_every, shown=first) as progress,
        ):
            done, stopped = start, None  # steps played in all; the exit code that a signal asks for
            while done < config.max_steps and not stopped:
                report, done = engine.play_until(done, workers.until(done, clock.next_due(done)))
                check_finite(loop, report, done)
                # Asked once a round, so that nothing ends the loop that was not saved for.
                stopped = workers.agree(session, done, stop.exit_code)
                progress.show(done, clock.place(done), report)
                # Not followed by a save where the disk refuses it: it is recorded when the step is played again.
                for warning in recorder.record(done, report):
                    progress.line(warning)
                if config.line_every and clock.due(done, config.line_every):
                    progress.line(recorder.line(done, report))
                try:
                    if done == config.max_steps:
                        recorder.finish()  # before the save: killed in between, the run draws them when it goes on
                finally:  # what can be drawn later costs no step
                    if stopped or clock.due(done, config.save_every):
                        recorder.flush()
                        try:
                            states.check_finite()
                        except NotFinite as broken:  # a moving average, or what an optimizer remembers
                            raise Broken(f"{broken} is not finite after step {done:,}", loop.rewinds) from None
                        if first:
                            states.save(done, notes, config.max_to_keep)
                            run.saved.touch()
            recorder.finish()  # after it where a signal ends the run: drawing takes a while
            stopped = stopped or (stop.exit_code if workers.size == 1 else None)
        if first:
            console.print_end(config, run, report, done, progress.seconds, stopped, loop.rewinds)
        workers.end(session)
        return stopped or Exit.DONE


def _resumed(config: Config, data: Dataset, run: Run, states: Checkpoints, rewinds: int) -> tuple[int, dict[str, Any]]:
    """Load the newest good checkpoint: its step, or 0 where there is none, and what this run's checkpoints note."""
    found, data_sha256 = states.restore(), data.sha256()
    if not found:
        refuse_lost_checkpoints(run)
        return 0, {"data_sha256": data_sha256, "rewinds": rewinds}
    if found.notes.get("data_sha256") != data_sha256:
        raise other_data(config, data, run)
    states.settle(found.step)
    run.saved.touch()  # earlier versions made none
    noted = found.notes.get("rewinds")  # nor noted they any
    return found.step, {
        "data_sha256": data_sha256,
        "rewinds": max(rewinds, noted if noted in range(MOST_REWINDS + 1) else 0),
    }


def _peer_lost(config: Config, workers: Workers, error: tf.errors.OpError) -> Failure:
    kind = type(error).__name__.removesuffix("Error")
    return Failure(
        Exit.PEER_LOST,
        f"another of the {workers.size} workers is lost ({kind}, noticed within {config.peer_timeout:g} s): start all "
        "again with their same commands, as launch does by itself, and the run goes on from its newest checkpoint.",
    )


def other_data(config: Config, data: Dataset, run: Run) -> Failure:
    """What to say of data that are not those that the run was begun with."""
    decoded = "; after an update another Pillow may have decoded them otherwise" if config.dataset in RESIZED else ""
    return Failure(
        Exit.FLAGS,
        f"{run.directory} was begun with other data than these, {data.description} (their SHA-256 differ{decoded}): "
        "give its own data again, by --input_data_dir, or another --run_name for a new run.",
    )


def refuse_lost_checkpoints(run: Run) -> None:
    """Raise Failure(CHECKPOINTS) for a run without checkpoint that had one."""
    if run.saved.exists():
        raise lost_checkpoints(run)


def refuse_too_large(config: Config, game: Game) -> None:
    """Raise Failure(FLAGS) where the graph's variables and one batch alone are more than all memory.

    Linux would promise it, and end the process without a word once it is used.
    """
    entries = sum(variable.shape.num_elements() for variable in v1.global_variables())
    entries += config.batch_size * (game.g_rows * config.z_dim + math.prod(game.data_shape))
    wanted, there = 4 * entries, system.memory()  # float32
    if there and wanted > there:
        raise Failure(
            Exit.FLAGS,
            f"weights, their optimizers and one batch want {wanted / 2**30:,.0f} GiB, and this machine has "
            f"{there / 2**30:,.0f}: give a smaller --z_dim or --batch_size.",
        )


def begin(loop: ExplicitLoop, compiled: bool) -> ExplicitLoop | CompiledLoop:
    """The engine, compiled if it is to be, and said; the explicit one where compiling fails, as without XLA."""
    no_whole_batch = loop.rows.size(0) < loop.config.batch_size  # nor a later one, then: nothing to compile
    if not compiled or no_whole_batch:
        console.say("engine   explicit, one session.run an update")
        return loop
    if loop.workers.size > 1 and not convolutional() and "GPU" not in " ".join(devices(loop.session)):
        console.say("engine   explicit, since XLA compiles no messages between workers on CPUs")
        return loop
    try:
        with v1.name_scope("compiled"):  # one node in TensorBoard's graph
            engine = CompiledLoop(loop)
        seconds = engine.compile()
    except tf.errors.OpError as error:
        reason = error.message.strip().partition("\n")[0]
        console.say(f"engine   explicit, since the compiled one can't be made here: {reason}")
        return loop
    xla_cache.seal()
    console.say(
        f"engine   compiled {'by XLA ' if engine.by_xla else ''}in {seconds:.1f} s, many steps to one session.run"
    )
    return engine


def resolve(config: Config, rows: Rows, engine_of_run: str = "auto") -> Config:
    """The settings with their length in steps, their threads in figures, and the engine decided."""
    steps = config.max_steps
    if config.epochs:
        steps = -(-rows.batches_in(config.epochs) // batches_played(config, steps=1))  # rounded up
    engine = engine_of_run if config.engine == "auto" else config.engine
    if engine == "auto":
        few = config.d_step + config.g_step <= COMPILED_UPDATES
        engine = "compiled" if steps >= COMPILED_FROM and few else "explicit"
    threads = config.threads or system.cores()
    return dataclasses.replace(config, max_steps=steps, epochs=0, threads=threads, engine=engine)


def rehearse(config: Config, game: Game, data: Dataset) -> None:
    """Build and check the graph, print plan and tables; train and write nothing."""
    with tf.Graph().as_default():
        theta = build(config, game).theta
        refuse_too_large(config, game)
    with v1.Session(config=session_config(config.threads, config.device)) as session:
        console.print_start(config, theta, data, devices(session))
    console.say()
    console.say(tables.text(tables.tables(game, config.z_dim)))
    console.print_settings(config)


def devices(session: v1.Session) -> list[str]:
    """What the session computes on, such as CPU and GPU:0."""
    names = [device.name.rpartition("device:")[2] for device in session.list_devices()]
    return [name.removesuffix(":0") if name.startswith("CPU") else name for name in names if "XLA" not in name]


def check_finite(loop: ExplicitLoop, report: Report, step: int) -> None:
    """Raise Broken, naming what broke first, before anything of that step is recorded or saved."""
    checked = loop.checked()
    broken = [name for name, finite in zip(checked, report.finite, strict=True) if not finite]
    for name, loss in (("D_loss", report.d.d_loss), ("G_loss", report.g.g_loss)):
        if not math.isfinite(loss):  # of a player that is not updated, too
            broken.append(name)
    if broken:
        raise Broken(
            f"{broken[0]} is not finite at step {step:,} (D_loss {report.d.d_loss:.4g}, G_loss {report.g.g_loss:.4g})",
            loop.rewinds,
        )


def _advice(config: Config, run: Run, broken: Broken) -> str:
    kept = f"the last good checkpoint stays in {run.checkpoints}" if _saved(run) else "nothing was saved yet"
    tried = f" for the last of {broken.rewinds} rewinds" if broken.rewinds else ""
    literal = "--log_form=stable, " if config.log_form == "literal" else ""
    rewind = "; or the same command with --on_nan=rewind, which tries other z"
    return (
        f"{broken}{tried}; {kept}: try, under another --run_name, {literal}smaller --d_learning_rate and "
        f"--g_learning_rate, or another ratio of --d_step to --g_step{rewind if config.on_nan == 'stop' else ''}."
    )


def _saved(run: Run) -> bool:
    return any(run.checkpoints.glob("ckpt-*"))
