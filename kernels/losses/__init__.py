"""Losses: PyTorch's names, arguments and edges; each also as NAME_with_gradient, the loss and its gradient in one.

    loss                  = cross_entropy(logits, labels)
    loss, gradient        = cross_entropy_with_gradient(logits, labels)

The gradient is that of the loss by the first argument, its reduction included: for the mean over n elements it holds
the factor 1/n. With reduction="none" it is the gradient of each element's (each sample's) own loss. A loss of
several predictions has a gradient by each: loss, gradient, gradient = …
Sums run in a fixed order, so they don't depend on the number of threads.

What only Keras has takes the prediction first, too, and reductions of the same names: its "sum_over_batch_size" is
"mean", and "none" gives what isn't summed up yet.

    regression/       real predictions            binary/     yes or no
    classification/   cross-entropy               labels/     what else there is of class labels
    pairs/            several predictions         sets/       masks, and vectors in groups
    sequences/        CTC
"""
