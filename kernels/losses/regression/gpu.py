"""Launch geometry of gpu.cu."""

from ... import cuda
from ..launch import of_three, of_two

SOURCE = cuda.Source(__file__)

l1_loss = of_two(SOURCE, "l1_loss")
mse_loss = of_two(SOURCE, "mse_loss")
huber_loss = of_two(SOURCE, "huber_loss")
smooth_l1_loss = of_two(SOURCE, "smooth_l1_loss")
poisson_nll_log = of_two(SOURCE, "poisson_nll_log")
poisson_nll = of_two(SOURCE, "poisson_nll")
kl_div = of_two(SOURCE, "kl_div")
kl_div_log = of_two(SOURCE, "kl_div_log")
log_cosh_loss = of_two(SOURCE, "log_cosh_loss")
mean_absolute_percentage_error = of_two(SOURCE, "mean_absolute_percentage_error")
mean_squared_logarithmic_error = of_two(SOURCE, "mean_squared_logarithmic_error")
gaussian_nll_loss = of_three(SOURCE, "gaussian_nll_loss")
