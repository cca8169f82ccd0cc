"""Recurrent networks as forecasters of symbols."""

from forecast.models.symbols.networks import SymbolGRU, SymbolLSTM, SymbolRNN

__all__ = ["SymbolGRU", "SymbolLSTM", "SymbolRNN"]
