"""Evidence: what each kernel takes, beside NumPy and beside the limits of the machine."""
