"""A run as a trial of TensorBoard's HParams tab: its settings, and that it ended.

No metric infos are written, nor infos of the settings (`hparams_config_pb`): TensorBoard takes those of one run for all
runs under its --logdir, and they can't say which settings differ. Without them it works out both by itself: the
measures are the last point of every scalar of every run, and settings that differ come first.
"""

from tensorboard.plugins.hparams import api_pb2, summary, summary_v2

from gan_lowlevel.config import Config, settings_of


def settings(config: Config) -> dict[str, bool | int | float | str]:
    """The settings that tell one trial from another, by name: those that stay when a run goes on, since TensorBoard
    keeps what a run says first."""
    return {
        name: getattr(config, name)
        for name, facts in settings_of(Config).items()
        if facts.recorded and not facts.may_change
    }


def begin_pb(config: Config):
    """The summary that makes a run a trial with these settings; the first one that the run wrote counts.

    Each run is a trial of its own, named by its folder: trials of equal settings are not averaged.
    """
    return summary_v2.hparams_pb(settings(config), trial_id="")


def end_pb():
    """The summary that says that the trial reached its last step; a trial without it shows as not finished."""
    return summary.session_end_pb(api_pb2.STATUS_SUCCESS)
