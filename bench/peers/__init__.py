"""What a step of training takes, against PyTorch, JAX and C written by hand: `python -m bench.peers`."""
