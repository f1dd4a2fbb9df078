"""A net that reads a text character by character, and writes one of its own.

    python examples/nets/characters.py TEXT.txt          a transformer of two blocks
    python examples/nets/characters.py TEXT.txt gru      a recurrent net

Any text of a megabyte or so will do. The last tenth of it is not trained on.
"""

import sys
from pathlib import Path

import numpy as np

import workings as wk
from workings import nn

WIDTH = 64
CONTEXT = 64


def numbered(text):
    """The characters that there are, in order, and the text as their numbers."""
    characters = sorted(set(text))
    number = {character: k for k, character in enumerate(characters)}
    return characters, np.array([number[character] for character in text])


def rows(numbers):
    """The text in rows of `CONTEXT` characters, and for each character the one that comes after it."""
    count = (len(numbers) - 1) // CONTEXT
    last = count * CONTEXT
    return numbers[:last].reshape(count, CONTEXT), numbers[1 : last + 1].reshape(count, CONTEXT)


def transformer(characters, width=WIDTH, heads=4):
    """Two blocks, in which each character sees those before it, and how far they are away."""
    rng = np.random.default_rng(0)
    return nn.Sequential(
        nn.Embedding(characters, width, rng=rng),
        nn.TransformerBlock(width, heads, causal=True, rotary=True, rng=rng),
        nn.TransformerBlock(width, heads, causal=True, rotary=True, rng=rng),
        nn.LayerNorm(width),
        nn.Linear(width, characters, rng=rng),
    )


def recurrent(characters, width=WIDTH):
    """A GRU, which reads a row from its first character on."""
    rng = np.random.default_rng(0)
    return nn.Sequential(
        nn.Embedding(characters, width, rng=rng),
        nn.GRU(width, 2 * width, rng=rng),
        nn.Linear(2 * width, characters, rng=rng),
    )


def train(model, x, y, *, epochs=1, rate=0.005, batch_size=32, validation=None, progress=None, engine="auto"):
    """AdamW, with a rate that climbs for a while and then falls to 0."""
    steps = epochs * -(-len(x) // batch_size)
    return wk.fit(
        model,
        x,
        y,
        loss=nn.cross_entropy,
        optimizer=wk.AdamW(wk.schedules.Cosine(rate, steps=steps, warmup=steps // 5)),
        batch_size=batch_size,
        epochs=epochs,
        validation=validation,
        clip_norm=1.0,
        progress=progress,
        engine=engine,
    )


def write(model, characters, beginning, length, *, seed=0):
    """So many characters that the net adds to a beginning, each drawn with the probability that it gives."""
    numbers = [characters.index(character) for character in beginning]
    for key in wk.random.split(wk.random.key(seed), length):
        scores = model(np.array([numbers[-CONTEXT:]]))[0, -1]
        numbers.append(int(wk.random.categorical(key, scores)))
    return "".join(characters[number] for number in numbers)


def main(path, kind="transformer"):
    characters, numbers = numbered(Path(path).read_text(encoding="utf-8"))
    cut = len(numbers) * 9 // 10
    model = {"transformer": transformer, "gru": recurrent}[kind](len(characters))
    run = train(model, *rows(numbers[:cut]), validation=rows(numbers[cut:]))
    print(run.history)
    print(write(run.model, characters, "\n", 400))


if __name__ == "__main__":
    main(*sys.argv[1:])
