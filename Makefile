# Common targets: make run, make test, make lint, make build.
# `make help` lists everything.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.NOTPARALLEL:

# The features of SQLite are chosen at build time. The same list is in
# .golangci.yml and in the README's `go install` line.
TAGS := sqlite_fts5,sqlite_math_functions,sqlite_dbstat,sqlite_stat4,sqlite_column_metadata,sqlite_percentile,sqlite_omit_load_extension

GOLANGCI_VERSION := v2.15.0
GOLANGCI := bin/tools/golangci-lint-$(GOLANGCI_VERSION)

# A checkout that git cannot read builds too, without a commit in the version.
BUILDVCS := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo auto || echo false)
export GOFLAGS := -buildvcs=$(BUILDVCS) -tags=$(TAGS)

# The packages with the longest tests start first, in parallel with all others.
LONGEST := ./tests ./querynode ./snapshotter

# These tests are not run with the race detector: it multiplies the loads and times
# that they measure. Those that look at every page need minutes, and what they look at
# is raced by the others.
UNRACED := ^(TestHostile|TestAbuse|TestStop.*|TestCorpus|TestKillLoopQ1|TestKilledOperations|TestSiteInChromium|TestTextsOfTenantsDoNotRun|TestLargeTablesInChromium|TestTourPictures)$$

stage = @printf '\n==> %s (%s)\n' "$(1)" "$$(date +%T)"

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+( [a-z-]+)*:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 16

# The scripts of the pages. Without them `go build` works, and the pages are plain
# forms. The packages are installed again when the list of them has changed.
.PHONY: web
web: web/node_modules/.package-lock.json ## bundle the scripts of the pages
	$(call stage,web)
	cd web && node build.mjs

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@command -v npm >/dev/null || { echo 'Node.js with npm is missing: install it (Debian: apt-get install nodejs npm), then start again' >&2; exit 1; }
	$(call stage,npm ci)
	cd web && npm ci --no-audit --no-fund --loglevel=error
	touch $@

.PHONY: client
client: web/node_modules/.package-lock.json ## make the package of the JavaScript client in web/client/dist
	$(call stage,client)
	cd web && node build.mjs client && npx tsc -p client

.PHONY: build
build: web ## build the five programs into bin/
	$(call stage,build)
	go build -o bin/ayb .
	go build -o bin/ ./controlplane/cmd/ayb-controlplane ./querynode/cmd/ayb-querynode ./snapshotter/cmd/ayb-snapshotter ./mailer/cmd/ayb-mailer
	@ls -lh bin/ayb bin/ayb-*

.PHONY: run
run: build ayb.toml ## start a whole server here, with mail in a file
	exec bin/ayb all-in-one --config ayb.toml

# Made only once, because the key in it must stay the same.
ayb.toml:
	umask 077; bin/ayb default_server_config > $@.tmp
	mv $@.tmp $@

.PHONY: test check
test check: setup web client fmt-check vet lint cross build unit race untested ## everything CI checks
	$(call stage,all checks passed)

# `test` runs the scripts on each topology and each metadata store once; this
# runs all combinations, several times to find rare failures.
.PHONY: test-full
test-full: test ## the same, and all tests again, three times and shuffled
	$(call stage,go test -race three times)
	AYB_TEST_FULL=1 go test -race -count=3 -shuffle=on -timeout 60m ./...

.PHONY: setup
setup: ## install the programs and data that tests need
	$(call stage,setup)
	tests/setup.sh

.PHONY: fmt
fmt: ## format all Go files
	gofmt -w .

.PHONY: fmt-check
fmt-check:
	$(call stage,gofmt)
	@bad="$$(gofmt -l .)"; \
	if [ -n "$$bad" ]; then printf 'not formatted (make fmt):\n%s\n' "$$bad"; exit 1; fi

.PHONY: vet
vet:
	$(call stage,go vet)
	go vet ./...

.PHONY: lint
lint: $(GOLANGCI) web ## run the linters
	$(call stage,tsc)
	cd web && npx tsc --noEmit && npx tsc -p client --noEmit
	$(call stage,golangci-lint $(GOLANGCI_VERSION))
	$(GOLANGCI) run ./...

# Built from the module proxy, outside this module's graph and tags.
$(GOLANGCI):
	$(call stage,build golangci-lint $(GOLANGCI_VERSION))
	GOFLAGS= CGO_ENABLED=0 GOBIN="$(CURDIR)/bin/tools" go install -ldflags='-s -w' \
		github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv bin/tools/golangci-lint $@

.PHONY: cross
cross:
	$(call stage,build for darwin and windows)
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build ./...
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go build ./...

.PHONY: unit
unit:
	$(call stage,go test)
	go test -timeout 30m $(LONGEST) ./...

.PHONY: race
race:
	$(call stage,go test -race)
	GORACE=atexit_sleep_ms=10 go test -race -timeout 30m -skip '$(UNRACED)' $(LONGEST) ./...

# A test that this kernel cannot run skips itself with a reason, which `go test`
# prints only with -v. No other test may skip.
.PHONY: untested
untested:
	$(call stage,not tested here)
	@! grep -rnE '\.Skip(f|Now)?\(' --include='*_test.go' . | grep -v '"not tested here: '
	@go test -v -run '^TestVersion2Limits$$|^TestSmallMachine$$' ./querynode/cgroup ./tests | sed -n 's/.*not tested here: /  /p'

# Every fuzz target, one after another. A failing input is kept as a seed
# in testdata/fuzz of its package, and `go test` runs it too. Last, random
# tables are exported and imported, ROUND_TRIPS of them in each format.
FUZZTIME ?= 30s
ROUND_TRIPS ?= 10000
.PHONY: fuzz
fuzz: ## feed random input to every fuzz target, each for FUZZTIME (30s)
	$(call stage,fuzz)
	@grep -rl --include='*_test.go' '^func Fuzz' . | while read -r file; do \
		for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$$file"); do \
			printf '%s %s\n' "$$target" "$$(dirname "$$file")"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime '$(FUZZTIME)' -fuzzminimizetime 5s "$$(dirname "$$file")" </dev/null; \
		done; \
	done
	AYB_ROUND_TRIPS=$(ROUND_TRIPS) go test -v -count=1 -timeout 3h -run '^TestRoundTripOfTables$$' ./querynode/importer

# WRITERS is a directory with files of many programs, one of each.
.PHONY: realfiles
realfiles: build ## measure the detection of formats on a thousand real files
	$(call stage,realfiles)
	tests/realfiles.sh $(WRITERS)

.PHONY: screenshots
screenshots: web ## take the pictures of the README
	$(call stage,screenshots)
	AYB_PICTURES="$(CURDIR)/docs/pictures" go test -count=1 -run '^TestTourPictures$$' ./tests

.PHONY: bench
bench: build ## compare the server with a bare HTTP server on SQLite
	$(call stage,bench)
	go run ./tests/bench -ayb bin/ayb $(BENCH_FLAGS)

.PHONY: clean
clean: ## remove build outputs (not your data)
	rm -rf bin
	go clean -testcache
