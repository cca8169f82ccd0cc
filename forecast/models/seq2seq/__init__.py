"""Encoder and decoder: one sequence in, another one out."""

from forecast.models.seq2seq.design import Seq2SeqDesign

__all__ = ["Seq2SeqDesign"]
