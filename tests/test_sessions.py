"""Session settings: which device computes, and what is said where there is none."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import networks, sessions
from gan_lowlevel.commandline import read_config
from gan_lowlevel.errors import Exit, Failure


@pytest.fixture
def seen(monkeypatch):
    """Have TensorFlow see so many GPUs."""

    def see(count: int) -> None:
        gpus = [tf.config.PhysicalDevice(f"/physical_device:GPU:{i}", "GPU") for i in range(count)]
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: gpus)

    return see


def test_gpu_without_one_is_refused_with_what_to_install_and_whom_to_ask(seen):
    seen(0)
    with pytest.raises(Failure) as caught:
        sessions.session_config(2, "gpu")
    assert caught.value.code == Exit.FLAGS
    for text in (
        'pip install "tensorflow[and-cuda]~=2.21.0"', "python -m gan_lowlevel.doctor", "--device=gpu", "--device=auto"
    ):  # fmt: skip
        assert text in str(caught.value)


def test_the_line_that_installs_wants_the_tensorflow_that_is_required():
    lines = (pathlib.Path(__file__).parent.parent / "requirements.txt").read_text().splitlines()
    required = next(line for line in lines if line.startswith("tensorflow~="))
    assert f'pip install "{required.replace("tensorflow", "tensorflow[and-cuda]")}"' == sessions.GPU_INSTALL


@pytest.mark.parametrize(("device", "count"), [("auto", 0), ("auto", 1), ("cpu", 0), ("cpu", 2), ("gpu", 1)])
def test_cpu_hides_gpus_and_others_take_what_memory_they_need(device, count, seen):
    seen(count)
    config = sessions.session_config(3, device)
    assert dict(config.device_count) == ({"GPU": 0} if device == "cpu" else {})
    assert config.gpu_options.allow_growth
    assert config.allow_soft_placement
    assert (config.intra_op_parallelism_threads, config.inter_op_parallelism_threads) == (3, 3)


def test_latents_are_drawn_on_the_cpu_on_every_machine(monkeypatch):
    configs, session = [], sessions.v1.Session

    def opened(*args, config=None, **kwargs):
        configs.append(config)
        return session(*args, config=config, **kwargs)

    monkeypatch.setattr(sessions.v1, "Session", opened)
    config = read_config(["--model=parabola"])
    z = sessions.latents(networks.GAMES["parabola"](config), config.z_dim, [3])
    assert np.isfinite(z).all()
    assert [dict(each.device_count) for each in configs] == [{"GPU": 0}]
