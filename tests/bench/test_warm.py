"""`kernelwright doctor --warm` knows every kernel, and says what it did."""

from kernelwright.bench import warm


def test_every_kernel_is_known():
    names = [name for name, _ in warm.compiled_kernels()]
    assert {"matmul.matmul", "activations.relu", "updates.adam", "reductions.sum"} <= set(names)
    assert len(set(names)) == len(names)


def test_they_are_compiled_for_both_types(monkeypatch, capsys):
    chosen = [(name, kernel) for name, kernel in warm.compiled_kernels() if name == "activations.relu"]
    monkeypatch.setattr(warm, "compiled_kernels", lambda: chosen)
    assert warm.run() == 0
    assert set(chosen[0][1]._compiled) == {4, 8}  # bytes of float32 and float64
    assert "1 kernels are compiled for float32 and float64" in capsys.readouterr().out
