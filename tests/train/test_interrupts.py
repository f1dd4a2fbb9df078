"""What comes from outside while a run goes on: Ctrl-C, listeners that raise, terminals and pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

import workings as wk
from workings.train import Progressed, Reason, Started, Stopped

FOREVER = 10**7


def loss(w, x, expected):
    y = w * x
    return (y - expected) ** 2


def train(**keywords):
    keywords = {"steps": 40, "chunk": 10, **keywords}
    return wk.train(loss, {"w": 0.5}, {"x": 1.0, "expected": 2.0}, **keywords)


@pytest.fixture(autouse=True)
def _the_handler_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is before


class Interrupter:
    """A listener that presses Ctrl-C at the first progress, once or twice."""

    def __init__(self, times=1):
        self.times = times

    def __call__(self, event):
        if isinstance(event, Progressed):
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)


def test_one_lets_the_chunk_end():
    run = train(listeners=Interrupter())
    assert (run.reason, run.steps) == (Reason.INTERRUPTED, 10)
    assert run.parameters["w"] == train(steps=10).parameters["w"]
    run._listeners = ()
    assert run.resume(30).losses.tobytes() == train().losses.tobytes()


def test_two_between_chunks_are_as_one():
    run = train(listeners=Interrupter(2))
    assert (run.reason, run.steps) == (Reason.INTERRUPTED, 10)


def test_two_go_back_to_where_the_chunk_began(monkeypatch):
    run = train(steps=10)
    within = run._engine.run

    def pressed_twice(*arguments):
        result = within(*arguments)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        return result

    monkeypatch.setattr(run._engine, "run", pressed_twice)
    run.resume(20, chunk=20)
    monkeypatch.undo()
    assert (run.reason, run.steps) == (Reason.INTERRUPTED, 10)
    assert run.parameters["w"] == train(steps=10).parameters["w"]
    assert run.resume(30).losses.tobytes() == train().losses.tobytes()


def test_a_handler_of_the_user_is_put_back():
    met = []
    before = signal.signal(signal.SIGINT, lambda number, frame: met.append(number))
    try:
        run = train(listeners=Interrupter())
        assert run.reason is Reason.INTERRUPTED
        assert met == []
        os.kill(os.getpid(), signal.SIGINT)
        assert met == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("times", [1, 2])
def test_while_the_written_program_runs(times):
    """Ctrl-C comes from outside, in the middle of a chunk that would last for minutes."""
    code = f"""
        import sys
        import workings as wk
        def loss(w, x, expected):
            y = w * x
            return (y - expected) ** 2
        def tell(event):
            print(type(event).__name__, flush=True)
        run = wk.train(
            loss, {{"w": 0.5}}, {{"x": 1.0, "expected": 2.0}}, steps={FOREVER}, listeners=tell, engine="numpy",
            chunk={200_000 if times == 1 else FOREVER},
        )
        print(run.reason.name, run.steps, len(run.losses), float(run.parameters["w"]))
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "Started\n"
    pressed = threading.Event()
    for _ in range(times):
        pressed.wait(0.5)
        process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    name, steps, losses, w = out.splitlines()[-1].split()
    assert (name, steps) == ("INTERRUPTED", losses)
    if times == 1:
        assert int(steps) >= 200_000
        assert int(steps) % 200_000 == 0
        assert float(w) == pytest.approx(2.0)
    else:
        assert (int(steps), float(w)) == (0, 0.5)


def test_in_another_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(train()))
    thread.start()
    thread.join()
    assert found[0].losses.tobytes() == train().losses.tobytes()


@pytest.mark.parametrize(
    ("kind", "steps"), [(Started, 0), (Progressed, 10), (Stopped, 40)], ids=["Started", "Progressed", "Stopped"]
)
def test_a_listener_that_raises_loses_nothing(kind, steps):
    run = train(steps=0)

    def fails(event):
        if isinstance(event, kind):
            raise RuntimeError("no disk")

    run._listeners = (fails,)
    with pytest.raises(RuntimeError, match="no disk"):
        run.resume(40, chunk=10)
    assert run.steps == len(run.losses) == steps
    assert run.parameters["w"] == train(steps=steps).parameters["w"]
    run._listeners = ()
    assert run.resume(40 - steps).losses.tobytes() == train().losses.tobytes()


def test_a_listener_can_end_a_run():
    seen = []

    def enough(event):
        seen.append(event)
        if isinstance(event, Progressed) and event.step >= 20:
            raise KeyboardInterrupt

    run = train(steps=0)
    run._listeners = (enough,)
    with pytest.raises(KeyboardInterrupt):
        run.resume(1000, chunk=10)
    assert run.steps == 20


SLOW = """
    import time
    import workings as wk
    def slow(event):
        time.sleep(0.3)
    run = wk.train(lambda w: (w - 2.0) ** 2, {"w": 0.5}, steps=60, chunk=10, listeners=[slow])
    print(run.steps)
"""


def test_silence_in_a_pipe():
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(SLOW)], capture_output=True, text=True, check=True)
    assert done.stdout == "60\n"
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a pty is a Unix terminal")
def test_a_bar_on_a_terminal():
    import pty

    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SLOW)],
        stderr=slave,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(master)
    out, _ = process.communicate(timeout=60)
    assert out == "60\n"
    text = shown.decode()
    assert "training" in text
    assert "/60" in text
    assert "loss 1." in text


def test_a_bar_only_where_it_is_wanted(capsys):
    train(progress=False)
    train(progress=True)  # over too soon for a bar
    assert capsys.readouterr().err == ""
