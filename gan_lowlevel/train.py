"""One run from its first step, or its newest checkpoint, to its last: play, check, record, save."""

import dataclasses
import math

import tensorflow as tf

from gan_lowlevel import console, system, tables, xla_cache
from gan_lowlevel.checkpoints import Checkpoints
from gan_lowlevel.compiled import CompiledLoop
from gan_lowlevel.config import COMPILED_FROM, COMPILED_UPDATES, Config
from gan_lowlevel.data import held_out as held_out_rows
from gan_lowlevel.data.dataset import Dataset, Rows
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.gan import build
from gan_lowlevel.loop import ExplicitLoop, Report, batches_played
from gan_lowlevel.networks.game import Game
from gan_lowlevel.recorder import Clock, Recorder
from gan_lowlevel.runs import Run
from gan_lowlevel.sessions import session_config

v1 = tf.compat.v1


def train(config: Config, game: Game, data: Dataset, rows: Rows, run: Run) -> Exit:
    """Train to the last step, from the newest good checkpoint where there is one; the run must be claimed.

    Returns DONE, or INTERRUPTED or TERMINATED after a signal, everything saved. Raises Failure(NAN) where a loss is
    not finite, Failure(FLAGS) where the data are not those that the run was begun with.
    """
    held_out = held_out_rows(data, config, game.output_range, game.data_shape)
    with tf.Graph().as_default(), v1.Session(config=session_config(config.threads)) as session:
        gan = build(config, game)
        states = Checkpoints(run.checkpoints, session)
        session.run(v1.global_variables_initializer())
        found = states.restore()
        notes = {"data_sha256": data.sha256()}
        if found and found.notes != notes:
            raise Failure(
                Exit.FLAGS,
                f"{run.directory} was begun with other data than these, {data.description} (their SHA-256 differ): "
                "give its own data again, by --input_data_dir, or another --run_name for a new run.",
            )
        start = found.step if found else 0
        loop = ExplicitLoop(session, gan, game, config, rows)
        clock = Clock(loop)
        if start >= config.max_steps:
            if run.undrawn.exists():  # the disk refused it
                with Recorder(loop, clock, run, data, held_out, start):
                    pass
            console.print_already_there(config, run, start)
            return Exit.DONE
        console.print_start(config, gan.theta, data, devices(session))
        console.print_run(run, start)

        engine = begin(loop)
        kind = "explicit" if engine is loop else "compiled"
        system.write_atomically(run.flags, dataclasses.replace(config, engine=kind).flagfile().encode())
        with (
            system.StopRequest().installed() as stop,
            Recorder(loop, clock, run, data, held_out, start) as recorder,
            console.Progress(start, config.max_steps, by_epochs=config.line_every == -1) as progress,
        ):
            done, stopped = start, None  # steps played in all; the exit code that a signal asks for
            while done < config.max_steps and not stopped:
                report, done = engine.play_until(done, clock.next_due(done))
                stopped = stop.exit_code  # asked once a round, so that nothing ends the loop that was not saved for
                check_finite(report, done, run)
                progress.show(done, clock.place(done), report)
                recorder.record(done, report)  # what the disk refuses is recorded when the step is played again
                if config.line_every and clock.due(done, config.line_every):
                    progress.line(recorder.line(done, report))
                try:
                    if stopped or done == config.max_steps:
                        recorder.finish()  # before the save: killed in between, the run draws them when it goes on
                finally:  # what can be drawn later costs no step
                    if stopped or clock.due(done, config.save_every):
                        states.save(done, notes, config.max_to_keep)
        console.print_end(config, run, report, done, progress.seconds, stopped)
        return stopped or Exit.DONE


def begin(loop: ExplicitLoop) -> ExplicitLoop | CompiledLoop:
    """The engine that the settings name, compiled and said; the explicit one where compiling fails, as without XLA."""
    no_whole_batch = loop.rows.size(0) < loop.config.batch_size  # nor a later one, then: nothing to compile
    if loop.config.engine == "explicit" or no_whole_batch:
        console.say("engine   explicit, one session.run an update")
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
    with v1.Session(config=session_config(config.threads)) as session:
        console.print_start(config, theta, data, devices(session))
    console.say()
    console.say(tables.text(tables.tables(game, config.z_dim)))
    console.print_settings(config)


def devices(session: v1.Session) -> list[str]:
    """What the session computes on, such as CPU and GPU:0."""
    names = [device.name.rpartition("device:")[2] for device in session.list_devices()]
    return [name.removesuffix(":0") if name.startswith("CPU") else name for name in names if "XLA" not in name]


def check_finite(report: Report, step: int, run: Run) -> None:
    """Raise Failure(NAN) for a loss that is NaN or infinite, before anything of that step is saved."""
    for name, loss in (("D_loss", report.d.d_loss), ("G_loss", report.g.g_loss)):
        if not math.isfinite(loss):
            saved = any(run.checkpoints.iterdir())
            kept = f"the last good checkpoint stays in {run.checkpoints}" if saved else "nothing was saved yet"
            raise Failure(
                Exit.NAN,
                f"{name} is {loss} at step {step:,}; {kept}: try, under another --run_name, --log_form=stable, "
                "smaller --d_learning_rate and --g_learning_rate, or another ratio of --d_step to --g_step.",
            )
