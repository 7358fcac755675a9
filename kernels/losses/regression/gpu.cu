// Losses of real predictions on the GPU: each is its formula, summed over the elements.

#include "losses/regression/formulas.cuh"

LOSS(l1_loss) { SUM(l1(x, t)); }
LOSS(mse_loss) { SUM(squared(x, t)); }
LOSS(huber_loss, real delta) { SUM(huber(x, t, delta)); }
LOSS(smooth_l1_loss, real beta) { SUM(smooth_l1(x, t, beta)); }
LOSS(poisson_nll_log, real full) { SUM(poisson_log(x, t, full)); }
LOSS(poisson_nll, real full, real eps) { SUM(poisson(x, t, full, eps)); }
LOSS(kl_div) { SUM(kl(x, t)); }
LOSS(kl_div_log) { SUM(kl_log(x, t)); }
LOSS(log_cosh_loss) { SUM(log_cosh(x, t)); }
LOSS(mean_absolute_percentage_error) { SUM(percentage(x, t)); }
LOSS(mean_squared_logarithmic_error) { SUM(logarithmic(x, t)); }
LOSS_OF_THREE(gaussian_nll_loss, real constant, real eps) { SUM_OF_THREE(gaussian(x, t, u, constant, eps)); }
