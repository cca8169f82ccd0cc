"""What is wrong with a forecast, and why training fails: leaks, exposure bias, dynamics, memory."""

from __future__ import annotations

from forecast.diagnostics.exposure import exposure_bias
from forecast.diagnostics.exposure_report import ExposureBias
from forecast.diagnostics.gate_activity import GateActivity, gate_activity
from forecast.diagnostics.gradient_flow import GradientFlow, gradient_flow
from forecast.diagnostics.jacobian_spectrum import JacobianSpectrum, jacobian_spectrum
from forecast.diagnostics.leakage import check_leakage
from forecast.diagnostics.leakage_report import LeakageReport
from forecast.diagnostics.lyapunov import LyapunovExponent, exponent_of_map, lyapunov_exponent
from forecast.diagnostics.memory_capacity import MemoryCapacity, memory_capacity
from forecast.diagnostics.residual_diagnostics import ResidualDiagnostics, residual_diagnostics

__all__ = [
    "ExposureBias",
    "GateActivity",
    "GradientFlow",
    "JacobianSpectrum",
    "LeakageReport",
    "LyapunovExponent",
    "MemoryCapacity",
    "ResidualDiagnostics",
    "check_leakage",
    "exponent_of_map",
    "exposure_bias",
    "gate_activity",
    "gradient_flow",
    "jacobian_spectrum",
    "lyapunov_exponent",
    "memory_capacity",
    "residual_diagnostics",
]
