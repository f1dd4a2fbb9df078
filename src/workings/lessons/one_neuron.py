"""The smallest net that can be trained, and every step of its training.

Each number that is printed comes out of a cell that is run; what the sentences say about the numbers depends
on them too, so that the lesson stays true with another start value, learning rate or example.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from workings.errors import ArgumentError
from workings.explain.glossary import TERMS, TERMS_TO_COME
from workings.lessons.remarks import (
    about_answer,
    about_difference_plot,
    about_direction,
    about_first_loss,
    about_however,
    about_question,
    about_square_plot,
    about_squared_nudge,
    about_steps,
    about_training,
    figure,
)
from workings.lessons.stage import Stage
from workings.trace.trace import trace

if TYPE_CHECKING:
    from workings.draw.plot import Plot
    from workings.graph import Node
    from workings.lessons.nudges import Way

__all__ = ["one_neuron"]

NET = "y = w * x"
STEPS = 100


def one_neuron(
    stage: Stage,
    *,
    start: float = 0.5,
    learning_rate: float = 0.01,
    x: float = 1.0,
    expected: float = 2.0,
    question: float = 3.0,
) -> None:
    """Tell the lesson on a stage.

    start            the start value of the weight
    learning_rate    how large a part of the gradient a nudge takes
    x, expected      the example: an input, and the output expected for it
    question         an input to ask the trained net about

    Raises `ArgumentError` for numbers with which there is nothing to learn.
    """
    numbers = (start, learning_rate, x, expected, question)
    start, learning_rate, x, expected, question = map(float, numbers)
    _checked(start=start, learning_rate=learning_rate, x=x, expected=expected, question=question)
    _opening(stage)
    _net(stage, x, expected)
    _values(stage, start, x, expected)
    first = _difference(stage)
    _gradient(stage, learning_rate)
    _however(stage, first, start, learning_rate)
    _machine(stage, start, learning_rate, x, expected)
    _answers(stage, x, question)
    _words(stage)
    _next(stage)


def _checked(**settings: float) -> None:
    for name, value in settings.items():
        if not math.isfinite(value):
            raise ArgumentError(f"{name} is {value}; the lesson needs a finite number", fix=f"{name}=1")
        if value and not 1e-6 <= abs(value) <= 1e6:
            raise ArgumentError(
                f"{name} is {value:g}; the lesson is told with numbers that can be read, from 0.000001 to a million",
                fix=f"{name}={math.copysign(1, value):g}",
            )
    if settings["x"] == 0:
        raise ArgumentError("with x = 0 the net answers 0 whatever w is, and there is nothing to learn", fix="x=1")
    if settings["learning_rate"] < 0:
        raise ArgumentError(
            f"the learning rate is {settings['learning_rate']}; it must not be negative",
            fix=f"learning_rate={-settings['learning_rate']:g}; the minus sign is in the nudge already",
        )


def _opening(stage: Stage) -> None:
    stage.title("One neuron: how a neural net is trained")
    stage.say("""
        Training a neural net is a handful of small steps, done again and again. The smallest net there is
        needs all of them, and is small enough to follow every number. This lesson takes that net from its
        first guess to a useful answer, in ten steps, and leaves no arithmetic out.
    """)
    stage.say(
        """
        Lines that begin with >>> are Python. Each is run at the moment it is shown, and what came out stands
        below it. You can type the same lines into a Python of your own. The first one fetches this library:
    """,
        page="""
        The lines in frames are Python. Each was run when this page was made, and what came out stands below it.
        You can type the same lines into a Python of your own. The first one fetches this library:
    """,
    )
    stage.cell("import workings as wk")


def _net(stage: Stage, x: float, expected: float) -> None:
    stage.step("1 · The net")
    stage.say("""
        A *neural net* is a function: numbers go in, numbers come out. How it gets from the one to the other
        depends on some numbers of its own. They are called its *parameters*, and training means finding
        good values for them.
    """)
    stage.say("Our net has one *neuron*. It takes a number x, multiplies it by a number w, and answers y:")
    stage.show(NET)
    stage.formula(_traced(NET, "w", "x"))
    stage.say("""
        w is the only parameter. A parameter that an input is multiplied by is called a *weight*, hence the
        letter. This line cannot be run yet, since neither w nor x has a value; the next two steps see to that.
    """)
    stage.say(f"""
        The goal: given {figure(x)}, the net should answer {figure(expected)}. Nobody is going to tell it which
        w does that. (You can see that it is {figure(expected / x)}. Being able to check is what makes a small
        example worth having.)
    """)


def _traced(line: str, *inputs: str) -> Node:
    """What a line of the lesson computes, before its inputs have values."""
    names: dict[str, Any] = {}
    exec(f"def net({', '.join(inputs)}):\n    {line}\n    return {line.split(' = ')[0]}\n", names)
    return trace(names["net"], *(1.0 for _ in inputs)).outputs[0]


def _values(stage: Stage, start: float, x: float, expected: float) -> None:
    stage.step("2 · Somewhere to start")
    stage.say(f"""
        Training improves on what is there, so w needs a value to begin with. The right one is not known, and
        any will do. In a net with millions of parameters they are drawn at random; here we just say
        {figure(start)}.
    """)
    stage.cell(f"w = wk.parameter({start!r})")
    stage.formula(stage["w"])
    stage.say("""
        `wk.parameter` marks a number as one that training may change. Apart from that you can calculate with it
        as with any other number.
    """)
    stage.step("3 · Something to learn from")
    stage.say("""
        A net learns from examples: an input, together with the output that is expected for it. They are its
        *training data*. Other nets need thousands of examples, or billions; ours gets by with one.
    """)
    stage.cell(f"x = wk.constant({x!r})\nexpected = wk.constant({expected!r})")
    stage.formula(stage["x"])
    stage.formula(stage["expected"])
    stage.say("`wk.constant` says that these two stay as they are. They are the question, not the answer.")
    stage.step("4 · What the net answers now")
    stage.say("Now w and x have values, and the line from step 1 can be run.")
    stage.cell(f"{NET}\ny")
    stage.say(f"""
        Working out the answer from the input is called the *forward pass*.
        {about_answer(stage["y"].value, expected)}
    """)
    stage.picture(
        "wk.draw(y, backward=False)", "How the answer is made: w and x go in, are multiplied, and y comes out."
    )


def _difference(stage: Stage) -> tuple[float, float]:
    stage.step("5 · How far off it is")
    stage.say("""
        To improve the answer we have to say how wrong it is, as a number. That number is called the *loss*, and
        training will make it smaller. The first idea that comes to mind is to subtract what we expected from
        what we got:
    """)
    stage.cell("loss = y - expected\nloss")
    y, loss = float(stage["y"]), float(stage["loss"])
    stage.say(about_first_loss(loss))
    stage.say("Look at how the loss came about. It was made from y, and y was made from w:")
    stage.picture("wk.draw(loss, backward=False)", "How the loss is composed, with the values.", lines=_picture(stage))
    stage.say("""
        Functions put together like this, the result of one going into the next, are *composed*. A deep net is
        the same thing with more links in the chain.
    """)
    return y, loss


def _picture(stage: Stage) -> str:
    """How the loss is composed, with the values that the cells have."""
    w, x, y, expected, loss = (f"{n} = {figure(float(stage[n]))}" for n in ("w", "x", "y", "expected", "loss"))
    left = max(len(w), len(x)) + 1
    start, upper = left + 3, f" × ── {y} "
    end = max(start + len(upper) + 1, len(expected) + 2)
    return "\n".join(
        (
            f"{w} ".ljust(left, "─") + "──┐",
            " " * (start - 1) + upper.ljust(end - start, "─") + "─┐",
            f"{x} ".ljust(left, "─") + "──┘" + " " * (end - start - 0) + f"− ── {loss}",
            f"{expected} ".ljust(end, "─") + "┘",
        )
    )


def _gradient(stage: Stage, learning_rate: float) -> None:
    stage.step("6 · Which way to nudge")
    stage.say("""
        Should w be larger, or smaller? That depends on what the loss does when w changes a little. The
        *gradient* of the loss with respect to w says it: a gradient of 5 means that the loss changes 5 times
        as much as w does, and a negative one that it falls as w grows. It is written dloss/dw.
    """)
    stage.say("""
        w does not act on the loss directly. It acts on y, and y acts on the loss. So we can take the links
        one at a time: how much y changes with w, which is dy/dw, and how much the loss changes with y, which
        is dloss/dy. If y changes 3 times as much as w, and the loss 2 times as much as y, then the loss
        changes 6 times as much as w: the slopes of the links are multiplied. That is the *chain rule*.
    """)
    stage.say("""
        For this net one could have seen the answer at once. For a net with a million links nobody could, but
        each link is still as simple as these, so the work can be left to a machine. Here it is at work:
    """)
    stage.turn()
    stage.cell("wk.explain(loss, w)")
    stage.picture(
        "wk.draw(loss)",
        "The same as a picture: the values go forward to the loss, and the slopes come back from it to w.",
    )
    stage.turn()
    stage.say("""
        Going through the links from the loss back to the parameters is called *backpropagation*, or the
        *backward pass*. When only the number is wanted, and not its derivation:
    """)
    stage.cell("gradient = wk.gradient(loss, w)\ngradient")
    gradient = float(stage["gradient"])
    stage.say(f"""
        In other words: add 0.001 to w, and {figure(0.001 * gradient)} is added to the loss.
    """)
    stage.step("7 · The nudge")
    stage.say(about_direction(gradient))
    stage.say(f"""
        How far? The gradient describes the loss right here, and may be another one further on, so we take
        a small step: {figure(learning_rate)} times the gradient. This factor is called the *learning rate*.
    """)
    stage.cell(f"w = w - {learning_rate!r} * gradient\nw")


def _however(stage: Stage, first: tuple[float, float], start: float, learning_rate: float) -> None:
    stage.step("8 · Rinse and repeat?")
    stage.say("""
        Forward pass, loss, backward pass, nudge: together they are one *step* of training. The plan is to repeat
        it until the loss is small enough. But first let us see what one step has done.
    """)
    stage.cell(f"{NET}\ny\nloss = y - expected\nloss")
    stage.say("Before you go on: is that better than before, or worse?")
    stage.step("9 · However")
    for paragraph in about_however(first, (float(stage["y"]), float(stage["loss"])), float(stage["expected"])):
        stage.say(paragraph)
    _drawn(stage, _difference_loss, "y − expected", about_difference_plot, start, learning_rate)
    stage.say("""
        So a loss must have its lowest value where the goal is, and be larger everywhere else. Squaring the
        difference does that: a square is never negative, and it is 0 only where the difference is 0.
    """)
    stage.turn()
    stage.say("Back to the start, then, with another loss. The difference gets a name of its own, z:")
    stage.cell(f"w = wk.parameter({start!r})\n{NET}\nz = y - expected\nloss = z ** 2\nloss")
    before = float(stage["loss"])
    stage.say("""
        The chain now has one link more: w → y → z → loss. The derivation grows by one factor, and the rule stays the
        same. With the learning rate it goes on to the nudge, and looks at what the nudge does to the loss:
    """)
    stage.turn()
    stage.cell(f"wk.explain(loss, w, learning_rate={learning_rate!r})")
    stage.picture("wk.draw(loss)", "The chain with its new link, the values forward and the slopes back.")
    stage.turn()
    stage.say("With z written out, the gradient is 2 (y − expected) x. Typed in like that, it is the same number:")
    stage.cell("2 * (y - expected) * x")
    stage.say("Now the nudge, and then the new loss:")
    stage.cell(f"w = w - {learning_rate!r} * wk.gradient(loss, w)\nw\n(w * x - expected) ** 2")
    after = (float(stage["w"]) * float(stage["x"]) - float(stage["expected"])) ** 2
    stage.say(about_squared_nudge(start, float(stage["w"]), before, after))
    _drawn(stage, _squared_loss, "(y − expected)²", about_square_plot, start, learning_rate)


def _difference_loss(w: Any, x: Any, expected: Any) -> Any:
    y = w * x
    return y - expected


def _squared_loss(w: Any, x: Any, expected: Any) -> Any:
    y = w * x
    return (y - expected) ** 2


def _drawn(
    stage: Stage,
    loss: Callable[..., Any],
    formula: str,
    about: Callable[[Way], str],
    start: float,
    learning_rate: float,
) -> None:
    """The loss over w with the nudges on it, where there can be a plot."""
    x, expected = float(stage["x"]), float(stage["expected"])

    def drawn() -> tuple[Plot, str]:
        from workings.lessons.nudges import way, way_plot

        found = way(loss, start, learning_rate, x, expected)
        return way_plot(found, loss, formula, x, expected), about(found)

    stage.plot(drawn)


def _machine(stage: Stage, start: float, learning_rate: float, x: float, expected: float) -> None:
    stage.step("10 · Putting it together")
    stage.say(f"""
        One nudge by hand is instructive; {STEPS} are a job for a loop. `wk.train` takes the loss as a function,
        derives its gradient as we just did, and repeats the step. `wk.SGD` is the nudge of step 7 by its usual
        name, stochastic *gradient descent*: down the slope that the gradient describes.
    """)
    stage.cell(
        f"""
        def loss(w, x, expected):
            {NET}
            return (y - expected) ** 2

        run = wk.train(
            loss,
            parameters={{"w": {start!r}}}, data={{"x": {x!r}, "expected": {expected!r}}},
            optimizer=wk.SGD({learning_rate!r}),
            steps={STEPS},
        )
        print(run.parameters["w"])
        """
    )
    stage.say(about_steps(STEPS, start, float(stage["run"].parameters["w"]), expected / x))
    stage.say(f"{STEPS} more. Training goes on where it stopped, and these are the first five losses from there:")
    stage.cell(
        f"""
        run = run.resume(steps={STEPS})
        for value in run.losses[{STEPS}:{STEPS + 5}]:
            print(value)
        print(run.parameters["w"])
        """
    )
    stage.turn()
    stage.say(f"All {2 * STEPS} losses, from the first step on the left to the last on the right:")
    losses = np.asarray(stage["run"].losses)
    stage.plot(lambda: _losses(losses), instead="from workings.draw import curve\nprint(curve(run.losses, width=70))")
    stage.say(about_training(losses, learning_rate))
    stage.turn()
    stage.say("""
        What ran is no secret. It is a Python program, written from the graph of the net, that needs nothing
        but NumPy; here is the part that does the work. The forward pass, the backward pass and the nudge are
        all there, in your names, and `d_w` is what we wrote as dloss/dw.
    """)
    stage.cell(
        """
        program = run.source("python")
        loop = program.index("    for step")
        print(program[loop : program.index("if __name__")])
        """
    )


def _losses(losses: np.ndarray) -> tuple[Plot, str]:
    from workings.lessons.nudges import losses_plot

    found = losses_plot(losses)
    return found, found.words()


def _answers(stage: Stage, x: float, question: float) -> None:
    stage.turn()
    stage.say(
        f"Now for what a net is for. It was trained on a single input, {figure(x)}. What about {figure(question)}?"
    )
    stage.cell(f'print(run.value("y", x={question!r}))')
    answer = float(stage["run"].value("y", x=question))
    stage.say(about_question(x, question, answer, float(stage["expected"])))


def _words(stage: Stage) -> None:
    stage.step("The words")
    stage.say("You now know what these mean:")
    half = len(TERMS) // 2
    stage.terms(TERMS[:half])
    stage.terms(TERMS[half:])
    stage.say("And these come with more than one example:")
    stage.terms(TERMS_TO_COME)


def _next(stage: Stage) -> None:
    stage.step("What comes next")
    stage.say("""
        *More neurons.* A net with many neurons has many weights, and multiplying them with many inputs and
        adding up is what a matrix product does. So nets are written with matrices: `y = x @ w + b`. Between
        the products stand functions that are not straight lines, or else all the layers would amount
        to one. The chain rule does not mind: each of these is one more link.
    """)
    stage.say("""
        *Faster.* Multiplying matrices is what graphics processors (GPUs) are good at, which is how nets got
        large. PyTorch, TensorFlow and JAX do at that scale what you saw here: they record how the loss was
        composed, and apply the chain rule from its end to its beginning.
    """)
    stage.say("""
        *Judgement.* That the loss is a square, that the learning rate is small: no formula told us so. They
        are choices, and much of training is making them well. And where a gradient becomes 0, so does the
        nudge, and learning stops, whether that is at the goal or not. See for yourself what becomes of this
        lesson with other choices:
    """)
    stage.show(
        """
        workings lesson one_neuron --set learning_rate=0.4
        workings lesson one_neuron --set learning_rate=1.01
        workings lesson one_neuron --set start=3
        """.replace("        ", "")
    )
    stage.say("Then write a net of your own. `workings train --help` says how.")
