"""The five patterns of input and output of recurrent networks.

======================  ====================  =================================================
pattern                 public name           what it does
======================  ====================  =================================================
one to one              `SequenceLabeler`     a step's inputs to that step's label, without
                        (`layer="Dense"`)     memory
one to many             `ColdStartForecaster` what is known of a new product to its sales
many to one             `SeriesClassifier`,   a series to its class, or to the sum of what
                        `SummaryForecaster`   follows
many to many, aligned   `SequenceLabeler`     a label for every step, online or in both
                                              directions
many to many, through   `Seq2SeqForecaster`   a history to the steps that follow
encoder and decoder
======================  ====================  =================================================
"""

from forecast.patterns.classifier import SeriesClassifier
from forecast.patterns.cold_start import ColdStartForecaster
from forecast.patterns.labeler import SequenceLabeler
from forecast.patterns.summary import SummaryForecaster

__all__ = [
    "ColdStartForecaster",
    "SequenceLabeler",
    "SeriesClassifier",
    "SummaryForecaster",
]
