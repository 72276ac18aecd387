#!/bin/sh
# Searches for files that break a reader: builds the fuzzing targets under AddressSanitizer and
# UndefinedBehaviorSanitizer and runs each from its committed corpus, two at a time.
#
#   tests/fuzz/run.sh [-t seconds] [-o folder] [target...]
#
#   -t  how long each target runs (30)
#   -o  where the programs, the logs, what was reached and the findings go (build/fuzz); what an earlier run reached
#       there is gone on from
#
# Targets: npy npz idx cifar weights onnx (all). Fails at a finding, and prints the file that shows it. Needs clang++
# with its fuzzer's runtime (cmake/setup.sh --dev); CXX names another than clang++.
set -eu

usage() { sed -n '2,/^set /{s/^# \{0,1\}//;/^set /!p;}' "$0"; }

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
: "${CXX:=clang++}" "${seconds:=30}" "${folder:=$root/build/fuzz}"

# Builds and runs one target.
one() {
  sources="$here/$1.cpp"
  flags="-std=c++20 -O1 -g1 -fsanitize=fuzzer,address,undefined,float-cast-overflow -fno-sanitize-recover=all"
  flags="$flags -D_GLIBCXX_ASSERTIONS -I$root/include -I$root/tests"
  case $1 in
    npy) libraries='' ;;
    npz | weights) sources="$sources $here/zip_mutator.cpp" libraries=-lz ;;
    idx | cifar) sources="$sources $here/gzip_mutator.cpp" libraries=-lz ;;
    onnx) flags="$flags -DONNX_ML=1 -DONNX_NAMESPACE=onnx" libraries='-lonnx_proto -lprotobuf' ;;
    *) echo "advx: fuzz: unknown target '$1' (there are npy, npz, idx, cifar, weights, onnx)"; return 1 ;;
  esac
  mkdir -p "$folder/$1" "$folder/findings"
  # shellcheck disable=SC2086 # the flags and the sources are words; the sources' folder has no blanks
  if ! $CXX $flags $sources -o "$folder/fuzz-$1" $libraries >"$folder/$1.log" 2>&1; then
    cat "$folder/$1.log"
    echo "advx: fuzz: $1: cannot be built (is the fuzzer's runtime there? cmake/setup.sh --dev)"
    return 1
  fi
  # Files of 16 KiB unpack to 16 MiB at most: what asks for 64 MiB at once trusts a size that it has not checked.
  if ! "$folder/fuzz-$1" -max_total_time="$seconds" -max_len=16384 -timeout=25 -rss_limit_mb=1024 -malloc_limit_mb=64 \
    -reload=0 -print_final_stats=1 -artifact_prefix="$folder/findings/$1-" "$folder/$1" "$here/$1" \
    >"$folder/$1.log" 2>&1; then
    grep -v '^#' "$folder/$1.log" | tail -n 60
    echo "advx: fuzz: $1: FOUND $(sed -n 's/.*Test unit written to //p' "$folder/$1.log")"
    return 1
  fi
  echo "advx: fuzz: $1: no finding in $(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) second.*/\1 files, \2 s/p' "$folder/$1.log")"
}

while getopts t:o:h option; do
  case $option in
    t) seconds=$OPTARG ;;
    o) folder=$OPTARG ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
shift $((OPTIND - 1))

if [ "${ADVX_FUZZ_ONE:-}" = 1 ]; then
  one "$1"
  exit
fi
# The longest to build comes first.
[ $# -gt 0 ] || set -- onnx weights npz idx cifar npy
export CXX seconds folder ADVX_FUZZ_ONE=1
printf '%s\n' "$@" | xargs -P 2 -n 1 sh "$0"
