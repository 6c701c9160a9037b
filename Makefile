# Builds, tests and installs rr.  POSIX make; tried with GNU make and bmake.
#
#   make            build rr.js from src/
#   make test       run all tests
#   make check      the one gate: types, layers, sizes, rr.js as built, tests
#   make interop    install the judges that tests hold rr's exports against (npm, PyPI)
#   make slurm      1,000 jobs on a real Slurm that the test starts (root; two minutes)
#   make install    PREFIX=/usr/local DESTDIR=; needs no build and no Node.js
#   make matrix     run the transcripts on Node.js 14 to 26, Bun and Deno (fetches them)
#   make bench      measure against budgets and peers, 30 minutes (ROW=NAME; fetches them)
#   make torture    kill, stop, starve and race whatever writes (ROUNDS=1000, SEED=N);
#                   look in every way at every attack of docs/security.txt
#   make strangers  attack with projects of strangers in every way, an hour (5 GB of /tmp)
#   make fuzz       attack all regular expressions, then random and mutated inputs to all
#                   readers, 25 minutes (MINUTES=N, SEED=N)
#   make cleanroom  the README's commands in bare Debian roots (root; fetches them)
#   make example    record the example again
#   make clean      remove what was built, fetched and measured; rr.js stays
.POSIX:
.SUFFIXES:
all: tool
	$(NODE) .scratch/tool/build.js

NODE = node
NPM = npm
PREFIX = /usr/local
DESTDIR =
TSC = $(NODE) node_modules/typescript/bin/tsc
# Files of test/ to run in the place of all.
TESTS =

.PHONY: all tool compile static test check interop slurm install matrix bench torture strangers fuzz cleanroom example clean

node_modules/.package-lock.json: package-lock.json
	$(NPM) ci --no-audit --no-fund --loglevel=error
	touch node_modules/.package-lock.json

tool: node_modules/.package-lock.json
	$(TSC) -p src/tool/tsconfig.json
	$(NODE) .scratch/tool/embed.js

compile: tool
	$(TSC) -p tsconfig.json

# Before anything builds rr.js, or an outdated one would pass.
static: tool compile
	$(NODE) .scratch/tool/check.js
	$(NODE) .scratch/tool/build.js --check

test: all compile
	sh test/install-tools.sh
	sh test/install-judges.sh
	$(NODE) .scratch/tool/runtests.js $(TESTS)

check: static
	sh test/install-tools.sh
	sh test/install-judges.sh
	$(NODE) .scratch/tool/runtests.js $(TESTS)

interop:
	sh test/install-tools.sh
	sh test/install-judges.sh

slurm: all compile
	sh test/install-tools.sh
	RR_SLURM_POINTS=1000 $(NODE) --test --test-name-pattern='^rr sweep' .scratch/out/test/slurm.test.js

install:
	umask 022 && mkdir -p "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/man/man1"
	cp rr.js "$(DESTDIR)$(PREFIX)/bin/rr"
	chmod 755 "$(DESTDIR)$(PREFIX)/bin/rr"
	cp docs/rr.1 "$(DESTDIR)$(PREFIX)/share/man/man1/rr.1"
	chmod 644 "$(DESTDIR)$(PREFIX)/share/man/man1/rr.1"

matrix: all compile
	$(NODE) .scratch/tool/matrix.js

bench: all compile
	sh test/install-peers.sh
	$(NODE) .scratch/out/test/bench/main.js

torture: all compile
	sh test/install-tools.sh
	$(NODE) .scratch/out/test/torture/main.js
	RR_SOAK=100 $(NODE) --test --test-name-pattern='^rr killed' .scratch/out/test/shortsteps.test.js
	RR_AGREE_WORLDS=100 $(NODE) --test .scratch/out/test/makeagreement.test.js
	RR_SOAK=100 $(NODE) --test .scratch/out/test/enginekill.test.js

strangers: all compile
	sh test/install-tools.sh
	RR_STRANGERS=all $(NODE) .scratch/out/test/strangers.test.js

fuzz: compile
	sh test/install-judges.sh
	RR_REGEXES=all $(NODE) --test .scratch/out/test/regexes.test.js
	$(NODE) .scratch/out/test/fuzz/main.js

cleanroom:
	sh test/cleanroom.sh

example: all
	sh docs/example/record.sh

clean:
	rm -rf .scratch
