"""Losses of real predictions on the CPU: each is its formula, summed over the elements."""

from ...jit import kernel
from ..sums import sum_of_three, sum_of_two
from . import formulas as f


@kernel("in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]")
def l1_loss(input, target, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.l1, 1, input, target, (), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]")
def mse_loss(input, target, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.squared, 1, input, target, (), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, real, out real[::1], out real[::1], out real[::1]")
def huber_loss(input, target, delta, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.huber, 1, input, target, (delta,), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, real, out real[::1], out real[::1], out real[::1]")
def smooth_l1_loss(input, target, beta, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.smooth_l1, 2, input, target, (beta,), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], bool, real, out real[::1], out real[::1], out real[::1]")
def poisson_nll_log(input, target, full, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.poisson_log, 4, input, target, (full,), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], bool, real, real, out real[::1], out real[::1], out real[::1]")
def poisson_nll(input, target, full, eps, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.poisson, 4, input, target, (full, eps), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]")
def kl_div(input, target, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.kl, 4, input, target, (), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]")
def kl_div_log(input, target, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.kl_log, 4, input, target, (), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]")
def log_cosh_loss(input, target, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.log_cosh, 8, input, target, (), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]")
def mean_absolute_percentage_error(input, target, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.percentage, 2, input, target, (), scale, loss, gradient, threads)


@kernel("in real[::1], in real[::1], real, out real[::1], out real[::1], out real[::1]")
def mean_squared_logarithmic_error(input, target, scale, loss, gradient, total, threads):
    total[0] = sum_of_two(f.logarithmic, 8, input, target, (), scale, loss, gradient, threads)


@kernel(
    "in real[::1], in real[::1], in real[::1], real, real, real, "
    "out real[::1], out real[::1], out real[::1], out real[::1]"
)
def gaussian_nll_loss(input, target, var, constant, eps, scale, loss, gradient, var_gradient, total, threads):
    parameters = constant, eps
    total[0] = sum_of_three(f.gaussian, 4, input, target, var, parameters, scale, loss, gradient, var_gradient, threads)
