"""The picture of a transformer's program: a box for each layer, and what belongs to a layer in the layer's box."""

from __future__ import annotations

import numpy as np

import workings as wk
from workings import nn
from workings.draw.units import arrange
from workings.graph import Graph

DRAW = np.random.default_rng(0)


def program():
    model = nn.Sequential(
        nn.Embedding(9, 8, rng=0), nn.TransformerBlock(8, heads=2, causal=True, rng=1), nn.Linear(8, 9, rng=2)
    )
    x = DRAW.integers(0, 9, (6, 5))
    run = wk.fit(model, x, np.roll(x, -1, axis=1), loss="cross_entropy", optimizer="adamw", epochs=1, progress=False)
    return run.program


def test_what_only_the_derivative_reads_is_forward_all_the_same():
    # the keys are transposed twice on the way to the scores, which is once; the derivative reads them in between
    made = program()
    plain = Graph(made.step.inputs, dict.fromkeys([made.loss, *(c.output for c in made.carry)]))
    units = arrange(plain, [c.output for c in made.carry])
    phases = {made.step.names[unit.node]: unit.phase for unit in units.all if unit.node in made.step.names}
    assert phases["key"] == "forward"
    # nothing of the update goes back into the backward pass
    for source, target in units.links:
        assert (units.all[source].phase, units.all[target].phase) != ("update", "backward")


def test_every_layer_is_a_box():
    svg = wk.draw(program()).svg()
    for name in ("layers.0", "layers.1", "layers.2", "layers.2, backward", "layers.1, backward", "update"):
        assert name in svg
