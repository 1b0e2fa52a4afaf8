# Every rule sets up what it needs; later runs reuse it. Only Python >= 3.10, make and git are assumed.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# Processes that share the tests, file by file.
JOBS ?= 2

.PHONY: help demo test test-all lint man pictures experiments bench bench-stipple bench-edot bench-bounds bench-estimators bench-films bench-volumes gpu-check clean

help:
	@echo "make demo      stipple samples/camera.png into out/"
	@echo "make test      run the tests (make test-all: the slow ones too)"
	@echo "make browser   install Chromium, with which the tests look at pages (Debian, as root)"
	@echo "make smoke     run every subcommand on the samples, and check what it wrote"
	@echo "make prove     try to refute every certificate on 10,000 random instances"
	@echo "make same      compare what documented commands write with an older commit: BASE=COMMIT"
	@echo "make mutants   plant faults, one at a time, and see whether tests notice (an hour);"
	@echo "               ONLY=PACKAGE or SAMPLE=K for fewer"
	@echo "make fuzz      a minute of random bytes for the readers, an hour of command lines (COUNT=…, SEED=…)"
	@echo "make faults    kill runs, fill disks, damage caches: nothing may be lost"
	@echo "make walks     what four strangers do, from a wheel in a new environment"
	@echo "make lint      ruff and mypy"
	@echo "make man       write the manual pages anew"
	@echo "make pictures  draw the pictures of the README anew"
	@echo "make docs      the documentation site, in out/site"
	@echo "make notebooks run the notebooks of docs/notebooks, and keep what they show"
	@echo "make experiments  every preset of stipple lloyd and edot, published against measured"
	@echo "make bench     benchmarks, side by side with other tools (half an hour): bench-edot"
	@echo "               (k-means, POT), bench-bounds (POT), bench-estimators (POT, ott-jax), bench-films,"
	@echo "               bench-volumes (POT, geomloss),"
	@echo "               bench-stipple (stippler, pysdot, k-means, SciPy's sequences)"
	@echo "make bench-release  BASE=COMMIT beside today's tree; HEAVY=1 for long cases too"
	@echo "make gpu-check compare the engines, where there is a GPU"
	@echo "make clean     remove what these rules made"

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed; say which: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/linters: $(VENV)/installed
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@touch $@

demo: $(VENV)/installed
	@mkdir -p out
	$(RUN) -m stipple stipple samples/camera.png -o out/camera.svg -o out/camera.png --report out/camera.json

test: $(VENV)/installed
	$(RUN) -m pytest -n $(JOBS) --dist loadfile

test-all: $(VENV)/installed
	$(RUN) -m pytest -n $(JOBS) --dist loadfile -m ''

$(VENV)/documented: $(VENV)/installed
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[test,docs]'
	@touch $@

# The documentation site in out/site; it must have no dead link.
.PHONY: docs
docs: $(VENV)/documented
	$(RUN) -m mkdocs build --strict --quiet
	@echo "open out/site/index.html"

# Notebooks of docs/notebooks with what they show.
.PHONY: notebooks
notebooks: $(VENV)/installed
	$(RUN) docs/run_notebooks.py

# All subcommands on the sample pictures, and a look at what they wrote.
.PHONY: smoke
smoke: $(VENV)/installed
	$(RUN) tests/smoke.py

# Random instances against oracles: no certificate may be refuted. COUNT=… and SEED=… are yours.
.PHONY: prove
prove: $(VENV)/installed
	$(RUN) tests/prove.py --count $(or $(COUNT),10000) --seed $(or $(SEED),0)

# Files, texts and exit codes of today's tree against a commit's, the last one unless BASE names it.
.PHONY: same
same: $(VENV)/installed
	$(RUN) tests/same_outputs.py $(or $(BASE),HEAD)

# Faults of tests/mutants/*.txt; at most 8 % of them may go unnoticed.
.PHONY: mutants
mutants: $(VENV)/installed
	$(RUN) tests/mutants.py $(if $(ONLY),--only $(ONLY)) $(if $(SAMPLE),--sample $(SAMPLE))

# A minute of coverage-guided fuzzing of the readers, where Atheris has a wheel; then command lines.
.PHONY: fuzz
fuzz: $(VENV)/installed
	$(RUN) -m pip install --quiet --disable-pip-version-check atheris
	$(RUN) tests/fuzz.py
	$(RUN) tests/fuzz_commands.py --count $(or $(COUNT),100000) --seed $(or $(SEED),0)

# Kills, full disks, races, damaged caches: nothing may be lost, half-written or left over.
.PHONY: faults
faults: $(VENV)/installed
	$(RUN) tests/faults.py --count $(or $(COUNT),200)

# What four strangers do with a wheel in a new environment, following the README to the letter.
.PHONY: walks
walks:
	$(PYTHON) tests/walks/run.py

# Chromium for the tests of pages, unless there is one: 90 MB of Debian's packages, 290 MB unpacked,
# half a minute.
.PHONY: browser
browser:
	@for name in chromium-headless-shell chromium chromium-browser google-chrome chrome; do \
		command -v $$name && exit 0; done; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq --no-install-recommends chromium-headless-shell >/dev/null

lint: $(VENV)/linters
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

man: $(VENV)/installed
	rm -f man/*.1
	$(RUN) -m stipple.cli.manual man

LOOKS := plotter-a4 two-pens one-line newspaper pointillist
pictures: $(VENV)/installed
	@mkdir -p docs/images out
	$(RUN) -m stipple stipple samples/camera.png --dpi 150 -o docs/images/camera.png
	$(RUN) -m stipple stipple samples/camera.png -n 6000 --contrast 1.6 --order tsp --draw tour --pen 0.35mm --background white --dpi 100 -o docs/images/tour.png
	$(RUN) -m stipple stipple samples/chelsea.png -n 8000 --levels auto --color cmyk --dpi 100 -o out/joint.png
	$(RUN) -m stipple stipple samples/chelsea.png -n 8000 --levels auto --color cmyk --overlap allow --dpi 100 -o out/independent.png
	$(RUN) docs/beside.py docs/images/inks.png 600 out/joint.png out/independent.png
	$(RUN) -m stipple stipple samples/chelsea.png -n 8000 --levels auto --inks '#c8102e,#1d1d1b' --paper '#f4efe4' --dpi 100 -o docs/images/two-pens.png
	$(RUN) -m stipple stipple samples/camera.png -n 6000 --size-variation 0.5 --dpi 100 -o docs/images/sizes.png
	$(RUN) -c "from PIL import Image; Image.new('L', (300, 300), 150).save('out/flat.png')"
	$(RUN) -m stipple stipple out/flat.png -n 2500 --dpi 70 -o out/hexagonal.png
	$(RUN) -m stipple stipple out/flat.png -n 2500 --texture blue --dpi 70 -o out/blue.png
	$(RUN) docs/beside.py docs/images/texture.png 500 out/hexagonal.png out/blue.png
	$(RUN) -m stipple stipple samples/logo.svg -n 1500 --alpha mask --dpi 70 -o docs/images/logo.png
	$(RUN) -m stipple stipple samples/word.png -n 1500 --order tsp --draw tour --pen 0.5mm --background white --dpi 90 -o docs/images/word.png
	$(foreach look,$(LOOKS),$(RUN) -m stipple stipple samples/chelsea.png --preset $(look) --dpi 100 -o out/$(look).png &&) true
	$(RUN) docs/beside.py docs/images/presets.png 300 $(foreach look,$(LOOKS),out/$(look).png)
	$(foreach count,1000 3000 10000 30000,$(RUN) -m stipple stipple samples/camera.png -n $(count) --dpi 100 -o out/count-$(count).png &&) true
	$(RUN) docs/beside.py docs/images/counts.png 420 $(foreach count,1000 3000 10000 30000,out/count-$(count).png)
	$(RUN) docs/size.py
	$(RUN) -m stipple lloyd uniform -n 100 --start uniform --steps 20 --frames 'out/lloyd-{step:02d}.png'
	$(RUN) -c "from PIL import Image; a, b = (Image.open(f'out/lloyd-{k}.png') for k in ('00', '20')); w = Image.new('RGB', (2 * a.width, a.height)); w.paste(a); w.paste(b, (a.width, 0)); w.resize((900, 450)).save('docs/images/lloyd.png')"
	$(RUN) -m stipple volume '0.6*gaussian:0.35/0.4/0.35,0.12+0.4*gaussian:0.7/0.6/0.7,0.1' -n 400 -o docs/images/volume.png
	$(RUN) -c "import numpy; numpy.savetxt('out/grains.csv', numpy.random.default_rng(0).lognormal(0, 0.8, 400))"
	$(RUN) -m stipple volume uniform --masses out/grains.csv --periodic -o docs/images/grains.png
	$(RUN) -m stipple edot samples/chelsea.png -m 6000 --color rgb --dpi 100 -o docs/images/edot-rgb.png
	$(RUN) -m stipple edot --preset swiss-roll --show-samples --dpi 60 -o docs/images/edot-roll.png
	$(RUN) -m stipple edot --preset discs-24 --show-samples --dpi 60 -o docs/images/edot-discs.png
	$(RUN) -m stipple bound samples/chelsea.png samples/horse.png --resize 192x128 --plot docs/images/bound.png
	$(RUN) -m stipple sequence --prefixes 1:600 --compare sobol,halton,random,grid --dpi 100 -o docs/images/sequence-prefixes.png
	$(RUN) -m stipple sequence -n 37 --draw boxes --dpi 75 -o docs/images/sequence-boxes.png
	$(RUN) -m stipple sequence --density samples/camera.png --draw strip --dpi 65 -o docs/images/progressive.png
	$(RUN) -m stipple stipple samples/camera.png -n 2000 -o out/judged.csv
	$(RUN) -m stipple certify out/judged.csv --density samples/camera.png --dpi 60 -o docs/images/certify.png
	$(RUN) -m stipple morph samples/camera.png samples/horse.png samples/camera.png -n 1500 --frames 10 --dpi 30 -o docs/images/morph.gif

experiments: $(VENV)/installed
	$(RUN) benchmarks/experiments.py
	$(RUN) benchmarks/edot_experiments.py
	$(RUN) benchmarks/sources.py

.venv-bench/installed:
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check stippler==0.2.1.1 scikit-learn scipy k-means-constrained faiss-cpu kmeans1d "pysdot==0.2.16; python_version < '3.13' and platform_machine == 'x86_64' and sys_platform == 'linux'"
	-.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check ott-jax
	@touch $@

# One after the other; the last page quotes the others.
bench: $(VENV)/installed .venv-bench/installed
	$(MAKE) bench-edot
	$(MAKE) bench-bounds
	$(MAKE) bench-volumes
	$(MAKE) bench-films
	$(MAKE) bench-stipple

bench-stipple: $(VENV)/installed .venv-bench/installed
	$(RUN) benchmarks/bench.py

# One thread for everybody: threads of BLAS that wait for work count as processor time.
bench-edot: $(VENV)/installed .venv-bench/installed
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(RUN) benchmarks/edot.py

# DOTMARK=folder names the images of the DOTmark benchmark; without it, synthetic fields.
bench-bounds: $(VENV)/installed .venv-bench/installed
	$(RUN) benchmarks/bounds.py $(if $(DOTMARK),--images '$(DOTMARK)')
	$(MAKE) bench-estimators

# Published estimators beside entropic transport; DOTMARK as above.
bench-estimators: $(VENV)/installed
	$(RUN) benchmarks/bound_estimators.py $(if $(DOTMARK),--images '$(DOTMARK)')

# Volumes, some six minutes; HEAVY=1 for all orders of large ones. GEOMLOSS=1 installs geomloss with
# torch first, 4 GB of packages; without it the page says that it is not there.
bench-volumes: $(VENV)/installed .venv-bench/installed
	$(if $(GEOMLOSS),.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check geomloss==0.3.1)
	$(RUN) benchmarks/bound_volumes.py $(if $(HEAVY),--heavy)

# Frames of films beside drawings of each alone: a minute.
bench-films: $(VENV)/installed
	$(RUN) benchmarks/films.py

# Today's tree beside an older commit, some fifteen minutes; HEAVY=1 for the long cases too.
.PHONY: bench-release
bench-release: $(VENV)/installed
	@test -n "$(BASE)" || { echo "Name the older commit: make bench-release BASE=COMMIT"; exit 2; }
	$(RUN) benchmarks/release.py $(BASE) $(if $(HEAVY),--heavy)

gpu-check: $(VENV)/installed
	$(RUN) benchmarks/gpu.py

clean:
	rm -rf $(VENV) .venv-bench out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
