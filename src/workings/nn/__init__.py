"""Layers, losses and start values for nets, in plain NumPy.

>>> from workings import nn
>>> model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
"""

from workings.nn.activations import GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from workings.nn.attention import MultiHeadAttention, attention
from workings.nn.convolution import Conv1d, Conv2d, ConvTranspose2d
from workings.nn.dropout import Dropout, dropout
from workings.nn.initial import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    ones,
    orthogonal,
    seed,
    truncated_normal,
    zeros,
)
from workings.nn.linear import Embedding, Flatten, Linear
from workings.nn.losses import (
    LOSSES,
    Loss,
    binary_cross_entropy,
    cosine,
    cross_entropy,
    hinge,
    huber,
    kl_divergence,
    loss_of,
    mae,
    mse,
    poisson,
    quantile,
)
from workings.nn.module import Module
from workings.nn.normalization import BatchNorm, LayerNorm, RMSNorm
from workings.nn.pooling import (
    AvgPool1d,
    AvgPool2d,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
    Upsample2d,
)
from workings.nn.position import LearnedPositions, SinusoidalPositions, rotary, sinusoids
from workings.nn.recurrent import GRU, LSTM, RNN
from workings.nn.sequential import Residual, Sequential
from workings.nn.transformer import TransformerBlock
from workings.trace.trees import state, static

__all__ = [
    "GELU",
    "GRU",
    "LOSSES",
    "LSTM",
    "RNN",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "LayerNorm",
    "LeakyReLU",
    "LearnedPositions",
    "Linear",
    "LogSoftmax",
    "Loss",
    "MaxPool1d",
    "MaxPool2d",
    "Module",
    "MultiHeadAttention",
    "RMSNorm",
    "ReLU",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SinusoidalPositions",
    "Softmax",
    "Softplus",
    "Tanh",
    "TransformerBlock",
    "Upsample2d",
    "attention",
    "binary_cross_entropy",
    "cosine",
    "cross_entropy",
    "dropout",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "hinge",
    "huber",
    "kl_divergence",
    "lecun_normal",
    "lecun_uniform",
    "loss_of",
    "mae",
    "mse",
    "ones",
    "orthogonal",
    "poisson",
    "quantile",
    "rotary",
    "seed",
    "sinusoids",
    "state",
    "static",
    "truncated_normal",
    "zeros",
]
