# Everything sets itself up in .venv: `make demo` and `make test` need only Python ≥ 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
# .venv with the extra packages of one purpose: pyproject.toml lists them.
with = .venv/with-$(1)

.PHONY: demo test bench figures peers pictures report lint compare gpu clean

demo: $(call with,train) $(call with,bench)  ## train a network on real images, then time the kernels
	$(BIN)/kernelwright train mlp
	$(BIN)/kernelwright bench --quick $(BENCH)

# Several processes at a time, each of up to 2 GB; one that is done takes over the rest of another's tests. Each has one
# thread of BLAS's, scikit-learn's and PyTorch's own: a process a core is enough, and threads that wait for others spin.
# How many our kernels have isn't up to that variable.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

test: $(call with,test)  ## all tests that need neither a GPU nor PyTorch
	$(PYTEST)

compare: $(call with,test) $(call with,compare)  ## every operation against PyTorch
	$(PYTEST) -m compare

bench: $(call with,bench) $(call with,compare)  ## every kernel of this machine against NumPy, and PyTorch on the CPU
	$(BIN)/kernelwright bench
	$(BIN)/kernelwright bench cpu

figures: $(call with,bench) $(call with,compare) $(call with,simulator)  ## the tables in docs/, measured on this machine
	$(BIN)/kernelwright bench --json bench/results/cpu.json --markdown docs/figures.md
	$(BIN)/kernelwright bench --sweep --against numpy,torch --json bench/results/sweeps.json
	$(BIN)/kernelwright bench cpu --json bench/results/versus.json --markdown docs/figures.md
	$(BIN)/kernelwright bench simulator --json bench/results/simulator.json --markdown docs/figures.md
	$(MAKE) pictures

peers: $(call with,bench) $(call with,peers)  ## two networks trained by other libraries, too: docs/peers.md
	$(BIN)/kernelwright bench peers --json bench/results/peers.json --markdown docs/peers.md

pictures: $(call with,train)  ## the pictures and the line of figures in README.md and docs/, from bench/results
	$(BIN)/kernelwright bench report bench/results/*.json --png docs/pictures --markdown README.md

report: $(call with,train)  ## all results as one page, report.html
	$(BIN)/kernelwright bench report bench/results/*.json --html report.html

lint: $(call with,dev)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright

# On a machine with a GPU, with the Python and the CuPy that it has: no network, nothing installed. Every kernel is
# checked and timed (bench/gpu.py) in BUDGET seconds; then networks are trained on it, in TRAINING seconds. Under nine minutes
# together, and results are in OUT as they come. Exit code 1 if any of it failed. KERNELWRIGHT_CUDA_SYNC=1 names a kernel
# that breaks. Other versions of what is installed there may warn of what is none of ours (-W default).
OUT ?= bench/results
BUDGET ?= 390
TRAINING ?= 120
gpu:  ## on a machine with a GPU: is every kernel right there, and how fast is it?
	mkdir -p .gpu/kernelwright $(OUT)
	for folder in kernels layers training bench; do ln -sfn $(CURDIR)/$$folder .gpu/kernelwright/$$folder; done
	-PYTHONPATH=.gpu:$$PYTHONPATH $(PYTHON) -m kernelwright.bench.command doctor
	failed=0; export PYTHONUNBUFFERED=1; \
	PYTHONPATH=.gpu:$$PYTHONPATH $(PYTHON) -m kernelwright.bench.command bench gpu --seconds $(BUDGET) \
		--json $(OUT)/gpu.json || failed=1; \
	PYTHONPATH=.gpu:$$PYTHONPATH timeout -k 10 $(TRAINING) $(PYTHON) -m pytest tests/layers tests/training \
		-k cupy -rs -vv -W default || failed=1; \
	exit $$failed

clean:
	rm -rf .venv .gpu build dist *.egg-info .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Kernelwright needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 …"; exit 2; }
	$(PYTHON) -m venv .venv

# Extras that others include come with them.
WITH_dev := test train bench simulator
WITH_test := train bench simulator

.venv/with-%: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	touch $@ $(foreach extra,$(WITH_$*),$(call with,$(extra)))
