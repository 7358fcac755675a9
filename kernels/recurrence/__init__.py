"""Recurrent networks: LSTM, GRU and the plain one, over whole sequences, one layer in one direction.

What the input adds to the gates, x W_ihᵀ + b_ih of all steps, is one product of matrices outside. Only what depends on
the step before is done here, step by step: h W_hhᵀ + b_hh and the gates. So is it on the way back, which gives the
gradients of the gates of all steps; all weights' gradients are made of them by one product each.
"""
