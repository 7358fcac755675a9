"""What may be fused behind a product."""

# A kernel gets the position in this tuple.
ACTIVATIONS = (None, "relu", "sigmoid", "tanh", "gelu", "gelu_tanh")

TORCH_ACTIVATIONS = {
    None: lambda torch, x: x,
    "relu": lambda torch, x: torch.relu(x),
    "sigmoid": lambda torch, x: torch.sigmoid(x),
    "tanh": lambda torch, x: torch.tanh(x),
    "gelu": lambda torch, x: torch.nn.functional.gelu(x),
    "gelu_tanh": lambda torch, x: torch.nn.functional.gelu(x, approximate="tanh"),
}
