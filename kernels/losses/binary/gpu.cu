// Losses of a yes or no on the GPU: each is its formula, summed over the elements.

#include "losses/binary/formulas.cuh"

LOSS(soft_margin_loss) { SUM(soft_margin(x, t)); }
LOSS(hinge_embedding_loss, real margin) { SUM(hinge_embedding(x, t, margin)); }
LOSS(hinge_loss) { SUM(hinge(x, t)); }
LOSS(squared_hinge_loss) { SUM(squared_hinge(x, t)); }
LOSS(binary_focal_crossentropy, real gamma, real smoothing, real weight_0, real weight_1, real logits) {
    SUM(focal(x, t, gamma, smoothing, weight_0, weight_1, logits));
}
LOSS_OF_THREE(binary_cross_entropy) { SUM_OF_THREE(bce(x, t, u)); }

extern "C" __global__ void binary_cross_entropy_with_logits(const real* input, const real* target, const real* weight,
                                                            const real* pos_weight, real scale, real* loss,
                                                            real* gradient, real* sums, int has_weight,
                                                            int has_pos_weight, int wants_loss, int wants_gradient,
                                                            long long n) {
    auto weighted = [=](real x, real t, real w, real p) {
        real slope = real(1) + (p - real(1)) * t;
        return Value{w * ((real(1) - t) * x + slope * softplus(-x)), w * (slope * act::sigmoid(x) - p * t)};
    };
    Wanted wanted = {loss, gradient, nullptr, wants_loss, wants_gradient, 0};
    if (has_weight || has_pos_weight)  // the input stands for one that there isn't
        sum_up([=](real x, real t, real w, real p) {
            return weighted(x, t, has_weight ? w : real(1), has_pos_weight ? p : real(1));
        }, scale, wanted, sums, n, input, target, has_weight ? weight : input, has_pos_weight ? pos_weight : input);
    else
        sum_up([=](real x, real t) { return weighted(x, t, 1, 1); }, scale, wanted, sums, n, input, target);
}
