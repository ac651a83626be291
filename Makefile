# SPDX-License-Identifier: GPL-2.0
# The targets of this repository. "make" or "make help" lists them; scripts/ does the work, and every script has --help.

K ?= 6.12
ARCH ?= x86_64
# The first model of the line in the table of kernels.
PREEMPT ?= $(shell awk '$$1 == "$(K)" { sub(/,.*/, "", $$3); print $$3 }' scripts/kernels)
VARIANT ?= patched
WORKLOADS ?=
W ?= fragment
PHASES ?=
DURATION ?=
CPUS ?=
APPEND ?=
SUITES ?=
FLAVOUR ?= debug
MINUTES ?= 10
BUG ?=
KERNELS ?=
ARCHS ?=
MODELS ?=
MUTANTS ?=
RESUME ?=
KSRC ?=
KDIR ?= /lib/modules/$(shell uname -r)/build

# scripts/fetch reads KSRC; an empty one is none. APPEND may have what the shell would take for its own.
export KSRC APPEND

help:		#: list the targets
	@echo 'usage: make [K=$(K)] [ARCH=$(ARCH)] [PREEMPT=$(PREEMPT)] [KSRC=/path/to/linux] TARGET'
	@sed -n 's/^\([a-z-]*\):[^#]*#: /  \1\t/p' Makefile | expand -t 16

bench:		#: measure base and patched in virtual time [WORKLOADS= PHASES= DURATION= CPUS= APPEND=]
	@scripts/bench --kernel '$(K)' --arch '$(ARCH)' --preempt '$(PREEMPT)' $(if $(WORKLOADS),--workloads '$(WORKLOADS)') \
		$(if $(PHASES),--phases '$(PHASES)') $(if $(DURATION),--seconds '$(DURATION)') $(if $(CPUS),--nodes '$(CPUS)') \
		$(if $(APPEND),--append "$$APPEND")

test:		#: the test suite, guests included [SUITES="static apply ..."]
	@scripts/test --line '$(K)' --arch '$(ARCH)' --preempt '$(PREEMPT)' $(SUITES)

torture:	#: all workloads and all else that uses vmalloc, with KASAN and lockdep or KCSAN [MINUTES=10 FLAVOUR=debug|kcsan CPUS= VARIANT= BUG=]
	@scripts/torture --kernel '$(K)' --arch '$(ARCH)' --preempt '$(PREEMPT)' --flavour '$(FLAVOUR)' --variant '$(VARIANT)' \
		--minutes '$(MINUTES)' $(if $(CPUS),--smp '$(CPUS)') $(if $(BUG),--bug '$(BUG)')

preempt-off:	#: who keeps preemption off for how long during one workload, on base and patched [W=fragment]
	@scripts/preempt-off --kernel '$(K)' --arch '$(ARCH)' --preempt '$(PREEMPT)' '$(W)'

sweep:		#: what the number of areas merged per hold of the lock costs and saves: latency, instructions, a plot
	@scripts/sweep --arch '$(ARCH)' --kernel '$(K)' --preempt '$(PREEMPT)'

mutants:	#: put known mistakes on top of the series: each has to be caught [MUTANTS= RESUME=1]
	@scripts/mutants --kernel '$(K)' --arch '$(ARCH)' --preempt '$(PREEMPT)' $(if $(filter-out 0 no,$(RESUME)),--resume) $(MUTANTS)

bench-all:	#: "bench" for every line, architecture and model [KERNELS= ARCHS= MODELS=], and a summary; goes on where it stopped
	@scripts/bench-all $(if $(KERNELS),--lines '$(KERNELS)') $(if $(ARCHS),--archs '$(ARCHS)') \
		$(if $(MODELS),--models '$(MODELS)')

test-all:	#: "test" for every line and architecture [KERNELS= ARCHS= SUITES=]
	@scripts/test-all $(if $(KERNELS),--lines '$(KERNELS)') $(if $(ARCHS),--archs '$(ARCHS)') $(SUITES)

check:		#: the part of "test" that builds and boots nothing
	@scripts/test --line '$(K)' --arch '$(ARCH)' --preempt '$(PREEMPT)' static apply

apply:		#: apply the series to the kernel tree KSRC
	@scripts/apply '$(KSRC)'

export:		#: write patches/K anew from the tree in out/tree
	@scripts/export '$(K)'

tree:		#: make the working tree of K: a git tree with the series applied; prints where
	@scripts/tree '$(K)'

kernel:		#: build one kernel for the benchmark [VARIANT=base|patched|COMMIT]; prints where
	@scripts/build-kernel '$(K)' '$(ARCH)' '$(PREEMPT)' bench '$(VARIANT)'

module:		#: build the stress module against the kernel in KDIR (default: the running one)
	@$(MAKE) --no-print-directory -C test-module KDIR='$(abspath $(KDIR))'

setup:		#: install the Debian packages that all this needs
	@scripts/setup '$(ARCH)'

fetch:		#: download the pristine source of K; prints where
	@scripts/fetch '$(K)'

clean:		#: remove what was built; keep working trees, downloads, compiler cache and reports
	rm -rf out/build out/kernel out/unit
	cd test-module && rm -rf *.o *.ko *.mod *.mod.c .*.cmd .tmp_versions modules.order Module.symvers

distclean: clean	#: remove everything that was made or downloaded, and the working trees with what is not exported
	rm -rf out

.PHONY: help bench test torture preempt-off sweep mutants bench-all test-all check apply export tree kernel module setup fetch clean distclean
