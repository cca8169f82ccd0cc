"""Significance: is a difference in accuracy more than chance, and how large may it be?"""

from forecast.evaluation.significance.confidence_set import model_confidence_set
from forecast.evaluation.significance.correction import holm
from forecast.evaluation.significance.equality import (
    EqualAccuracy,
    basis_of,
    equal_accuracy,
    origins_needed,
)
from forecast.evaluation.significance.fitting_origins import OriginsThatFit, origins_that_fit
from forecast.evaluation.significance.origins import (
    NEGLIGIBLE,
    DieboldMariano,
    diebold_mariano,
)
from forecast.evaluation.significance.series import (
    MINIMUM_SERIES,
    PairedTest,
    paired_test,
    sign_flip_p_value,
)
from forecast.evaluation.significance.skill import (
    Interval,
    panel_skill_interval,
    skill,
    skill_interval,
)
from forecast.evaluation.significance.variance import (
    bartlett_variance,
    long_run_variance,
    overlap,
    rectangular_variance,
)
from forecast.evaluation.significance.words import (
    MINIMUM_ORIGINS,
    SIGNIFICANT,
    p_words,
    too_few_words,
)

__all__ = [
    "MINIMUM_ORIGINS",
    "MINIMUM_SERIES",
    "NEGLIGIBLE",
    "SIGNIFICANT",
    "DieboldMariano",
    "EqualAccuracy",
    "Interval",
    "OriginsThatFit",
    "PairedTest",
    "bartlett_variance",
    "basis_of",
    "diebold_mariano",
    "equal_accuracy",
    "holm",
    "long_run_variance",
    "model_confidence_set",
    "origins_needed",
    "origins_that_fit",
    "overlap",
    "p_words",
    "paired_test",
    "panel_skill_interval",
    "rectangular_variance",
    "sign_flip_p_value",
    "skill",
    "skill_interval",
    "too_few_words",
]
