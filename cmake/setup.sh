#!/bin/sh
# Installs what advx needs to build, run its demo and pass its tests, and nothing that is there already.
#
#   cmake/setup.sh [--dev] [--bench] [--check]
#
#   --dev    also what the project's own checks use where they find it: clang, clang-format
#   --bench  also what the benchmarks compare with: libtorch
#   --check  install nothing; say what is missing, and fail if anything is
#
# On Debian and Ubuntu it installs by apt (with sudo unless run as root) and asks nothing. Elsewhere it says what is
# missing. What is there is decided by probing for programs and headers, so that other ways to install them count too.
set -eu

usage() { sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p;}' "$0"; }

groups=core
check=false
for argument; do
  case $argument in
    --dev) groups="$groups dev" ;;
    --bench) groups="$groups bench" ;;
    --check) check=true ;;
    -h | --help) usage; exit 0 ;;
    *) echo "advx: setup.sh: unknown argument '$argument' (there are --dev, --bench, --check)" >&2; exit 2 ;;
  esac
done

# group | what it is | how to know that it is there (any of the words) | Debian package
# A probe is a program's name, a path that begins with /, or a header in <>; cmake>=x.y asks for a version.
needs='
core  | a C++20 compiler                     | c++ g++ clang++                              | g++
core  | CMake 3.25                           | cmake>=3.25                                  | cmake
core  | Ninja                                | ninja                                        | ninja-build
core  | xtensor                              | <xtensor/xtensor.hpp> <xtensor/containers/xtensor.hpp> | libxtensor-dev
core  | xtensor-blas                         | <xtensor-blas/xlinalg.hpp>                   | libxtensor-blas-dev
core  | OpenBLAS                             | <openblas-pthread/cblas.h> <openblas/cblas.h> <openblas_config.h> | libopenblas-pthread-dev
core  | oneDNN                               | <oneapi/dnnl/dnnl.hpp>                       | libdnnl-dev
core  | OpenCL, which oneDNN asks for        | <CL/cl.h>                                    | ocl-icd-opencl-dev
core  | Catch2 2.13                          | <catch2/catch.hpp>                           | catch2
core  | libpng                               | <png.h>                                      | libpng-dev
core  | zlib                                 | <zlib.h>                                     | zlib1g-dev
core  | nlohmann-json                        | <nlohmann/json.hpp>                          | nlohmann-json3-dev
core  | ONNX                                 | <onnx/onnx_pb.h>                             | libonnx-dev
core  | protobuf                             | <google/protobuf/message.h>                  | libprotobuf-dev
core  | the tests of ONNX                    | /usr/share/libonnx-testdata                  | libonnx-testdata
core  | CLI11                                | <CLI/CLI.hpp>                                | libcli11-dev
dev   | clang                                | clang++                                      | clang
dev   | the fuzzer of clang                  | /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a | libclang-rt-dev
dev   | clang-format                         | clang-format                                 | clang-format
dev   | Chromium, which renders the report   | chromium chromium-browser google-chrome      | chromium
dev   | a font for it                        | /usr/share/fonts/truetype/dejavu             | fonts-dejavu-core
bench | libtorch                             | <torch/script.h>                             | libtorch-dev
'

# All headers in one run of the preprocessor: prints those that are there.
find_headers() {
  for compiler in c++ g++ clang++; do
    if command -v "$compiler" >/dev/null 2>&1; then
      echo "$needs" | grep -o '<[^ >]*>' | while read -r header; do
        printf '#if __has_include(%s)\nfound %s\n#endif\n' "$header" "$header"
      done | "$compiler" -std=c++20 -E -P -x c++ - 2>/dev/null | sed -n 's/^found //p'
      return
    fi
  done
}

# Is version $1 at least $2? (major.minor)
at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n | head -n 1)" = "$2" ]
}

is_there() { # probe...
  for probe; do
    case $probe in
      '<'*) if echo "$headers" | grep -qxF "$probe"; then return 0; fi ;;
      /*) if [ -e "$probe" ]; then return 0; fi ;;
      *'>='*)
        program=${probe%%>=*}
        if command -v "$program" >/dev/null 2>&1; then
          version=$("$program" --version | sed -n '1s/[^0-9]*\([0-9][0-9.]*\).*/\1/p')
          if at_least "$version" "${probe##*>=}"; then return 0; fi
        fi ;;
      *) if command -v "$probe" >/dev/null 2>&1; then return 0; fi ;;
    esac
  done
  return 1
}

# Prints "package|what it is" for each need that is not met.
missing() {
  headers=$(find_headers)
  echo "$needs" | while IFS='|' read -r group what probes package; do
    case " $groups " in *" ${group%% *} "*) ;; *) continue ;; esac
    # shellcheck disable=SC2086 # the probes are words
    if [ -n "$package" ] && ! is_there $probes; then
      echo "${package# }|$(echo "$what" | sed 's/^ *//;s/ *$//')"
    fi
  done
}

say_missing() { echo "$1" | sed 's/^\([^|]*\)|\(.*\)/  \2 (Debian: \1)/'; }

lacks=$(missing)
if [ -z "$lacks" ]; then
  echo "advx: nothing to install"
  exit 0
fi
if $check || ! command -v apt-get >/dev/null 2>&1; then
  echo "advx: missing:" >&2
  say_missing "$lacks" >&2
  if ! $check; then echo "advx: install these by your system's own means, then run this again" >&2; fi
  exit 1
fi

packages=$(echo "$lacks" | cut -d'|' -f1 | tr '\n' ' ')
as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "advx: not root, and there is no sudo; as root run: apt-get install -y $packages" >&2
    exit 1
  fi
  as_root=sudo
  if ! [ -t 0 ]; then as_root='sudo -n'; fi # nobody there to type a password: fail rather than wait
fi

apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

echo "advx: installing $packages"
apt update || echo "advx: apt-get update failed; going on with the package lists that are there" >&2
# shellcheck disable=SC2086 # the packages are words
apt install --no-install-recommends $packages

lacks=$(missing)
if [ -n "$lacks" ]; then
  echo "advx: still missing, since this system's packages are too old or differ:" >&2
  say_missing "$lacks" >&2
  exit 1
fi
echo "advx: everything is there"
