# Tessera. The two commands: `make demo` and `make test`. Both install what they need (Debian packages, by apt).

SWIFT  ?= swift
DEVICE ?= auto
BUILD   = $(SWIFT) build -c release --product tessera
TOOL    = .build/release/tessera

.PHONY: demo test example build lint install bench clean

demo: install build
	rm -rf runs/demo
	$(TOOL) train vae --data digits --device $(DEVICE) --set decoder=logistic --set latent=8 --set layers=2 \
		--epochs 400 --out runs/demo
	$(TOOL) sample runs/demo --device $(DEVICE) --count 64 --grid runs/demo/digits.png
	$(TOOL) reconstruct runs/demo --device $(DEVICE) --grid runs/demo/reconstructions.png
	$(TOOL) interpolate runs/demo --device $(DEVICE) --grid runs/demo/interpolations.png
	@echo "Pictures: runs/demo/digits.png runs/demo/reconstructions.png runs/demo/interpolations.png runs/demo/loss.png"

test: install
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build

# The README's first program, as a package of its own.
example: install
	$(SWIFT) run -c release --package-path Examples/FirstProgram

build:
	$(BUILD)

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Benchmarks Examples

install:
	@Scripts/install-packages

bench: install
	$(SWIFT) run -c release --package-path Benchmarks tessera-bench

clean:
	rm -rf .build Benchmarks/.build runs
