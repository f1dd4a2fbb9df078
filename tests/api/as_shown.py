# The interface as the documents show it: run as a script, in the REPL, in a notebook and under exec.
import numpy as np

import workings as wk

w = wk.parameter(0.5)
x = wk.constant(1.0)
expected = wk.constant(2.0)
y = w * x
print(y)
loss = (y - expected) ** 2
print(wk.gradient(loss, w))
print(wk.explain(loss, w))
w = w - 0.01 * wk.gradient(loss, w)
print(w)


def loss(w, x, expected):
    y = w * x
    return (y - expected) ** 2


run = wk.train(loss, parameters={"w": 0.5}, data={"x": 1.0, "expected": 2.0}, optimizer=wk.SGD(0.01), steps=100)
print(run.parameters["w"], len(run.losses), run.losses[0])
run.resume(steps=100)
print(run.parameters["w"], repr(run.losses[100].item()))
print(run.value("y", x=3.0))
print(run.source("python"))
print(run.explain(step=0))

print(wk.trace(loss, 0.5, 1.0, 2.0))
print(
    wk.grad(loss, wrt=0)(0.5, 1.0, 2.0),
    wk.grad(loss, wrt="w")(0.5, 1.0, 2.0),
    wk.grad(loss, wrt=("w", "x"))(0.5, 1.0, 2.0),
)
print(wk.value_and_grad(loss)(0.5, 1.0, 2.0))
print(wk.jvp(loss, (0.5, 1.0, 2.0), (1.0, 0.0, 0.0)))
print(wk.hessian(loss)(0.5, 1.0, 2.0))
print(wk.check_gradient(loss, 0.5, 1.0, 2.0).ok)
print(wk.jit(loss, engine="numpy")(0.5, 1.0, 2.0))
print(wk.grad(lambda layers: np.sum(np.tanh(layers[0]["w"]) * layers[1][0]))([{"w": np.zeros(2)}, (np.ones(2),)]))
