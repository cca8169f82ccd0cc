"""Hidden Markov models: forward-backward, Viterbi, expectation-maximisation."""
