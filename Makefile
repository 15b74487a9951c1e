# Tessera. The two commands: `make demo` and `make test`. Both install what they need (Debian packages, by apt).

SWIFT  ?= swift
DEVICE ?= auto
BUILD   = $(SWIFT) build -c release --product tessera
TOOL    = .build/release/tessera

.PHONY: demo test example build lint install bench check-kernels check-ptx check-gpu check-sanitizers clean

demo: install build
	rm -rf runs/demo
	$(TOOL) train vae --data digits --device $(DEVICE) --set decoder=logistic --set latent=8 --set layers=2 \
		--epochs 400 --out runs/demo
	$(TOOL) sample runs/demo --device $(DEVICE) --count 64 --grid runs/demo/digits.png
	$(TOOL) reconstruct runs/demo --device $(DEVICE) --grid runs/demo/reconstructions.png
	$(TOOL) interpolate runs/demo --device $(DEVICE) --grid runs/demo/interpolations.png
	rm -rf runs/demo-pixels
	$(TOOL) train gated-pixelcnn --data digits --device $(DEVICE) --set classes=10 --set hidden=32 --set layers=5 \
		--set kernel=5 --epochs 50 --cosine --learning-rate 0.002 --out runs/demo-pixels
	$(TOOL) sample runs/demo-pixels --device $(DEVICE) --count 80 --temperature 0.9 --grid runs/demo-pixels/digits.png
	$(TOOL) complete runs/demo-pixels --device $(DEVICE) --given-rows 4 --grid runs/demo-pixels/completions.png
	@echo "Pictures of the VAE: runs/demo/digits.png reconstructions.png interpolations.png loss.png, beside each other"
	@echo "Pictures of the PixelCNN: runs/demo-pixels/digits.png (a column a class), completions.png"

test: install
	$(SWIFT) build -c release --build-tests
	@Scripts/test

# The README's first program, as a package of its own.
example: install
	$(SWIFT) run -c release --package-path Examples/FirstProgram

build:
	$(BUILD)

# Kernels under a simulator that looks for bad accesses, races and unwritten values. Installs Oclgrind, and takes half an
# hour on two cores, so not part of CI.
check-kernels: install
	@Scripts/install-packages oclgrind
	$(SWIFT) build -c release --build-tests
	@Scripts/check-kernels

# The models' programs compiled for an NVIDIA GPU, without one; PTXAS names NVIDIA's assembler, if there is one.
check-ptx: install
	@Scripts/install-packages clang-15 libclc-15
	$(SWIFT) build -c release --build-tests
	@Scripts/check-ptx

# Every operation on a simulated NVIDIA GPU, at each precision: programs compiled to PTX, and that executed.
check-gpu: install build
	@Scripts/install-packages clang-15 libclc-15
	@Scripts/check-gpu

# Tests under the address, undefined-behaviour and thread sanitizers: two builds of their own, so not part of CI.
check-sanitizers: install
	SWIFT="$(SWIFT)" Scripts/check-sanitizers

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Benchmarks Examples Fuzzing

install:
	@Scripts/install-packages

# Every table of the benchmarks; PYTHON names a Python with PyTorch to compare with, ROUNDS how many medians are of.
TABLES = kernels vae pixelcnn pixelrnn dcgan sample scaling first-step
ROUNDS ?= 5
bench: install
	@Scripts/install-packages libclblast1
	$(SWIFT) build -c release --package-path Benchmarks
	cd Benchmarks && for table in $(TABLES); do \
		peers="$(if $(PYTHON),--python $(PYTHON))"; \
		case $$table in scaling) peers="--plot ../runs/bench" ;; first-step) peers= ;; esac; \
		.build/release/tessera-bench $$table --rounds $(ROUNDS) $$peers || exit 1; done

clean:
	rm -rf .build .build-address .build-thread Benchmarks/.build Fuzzing/.build runs
