#!/bin/sh
# Compile time (user CPU seconds) and peak memory of translation units: medians of RUNS (5) compilations, those to be
# compared one after the other in each round. Run it at the source root:
#
#     run.sh MEASURE [JSON]
#
# MEASURE is the program built from measure.cpp; the target bench-compile-time calls it so. CXX, CXXFLAGS (-O2), RUNS.
set -eu
if [ $# -lt 1 ]; then
  echo "usage: $0 MEASURE [JSON]" >&2
  exit 2
fi
measure=$1
json=${2:-compile_time.json}
cxx=${CXX:-g++}
runs=${RUNS:-5}
here=benchmarks/compile_time
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() { # name source: appends "seconds megabytes" to $work/name
  # shellcheck disable=SC2086
  "$measure" "$cxx" -std=c++20 ${CXXFLAGS:--O2} -I include -DADVX_WITH_ONEDNN \
    -DADVX_DEMO_XTENSOR '-DADVX_DEMO_DATA="data"' $openblas -c "$2" -o "$work/object.o" >>"$work/$1"
}
column() { cut -d' ' -f"$2" "$work/$1" | sort -n; }
median() { column "$1" "$2" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
greatest() { column "$1" "$2" | tail -n 1; }

# Debian keeps OpenBLAS's cblas.h in a folder of its own.
openblas=
for folder in /usr/include/*/openblas-pthread; do
  [ -d "$folder" ] && openblas="-isystem $folder"
done

round=0
while [ "$round" -lt "$runs" ]; do
  for unit in standard library xtensor_alone xtensor_pgd; do
    compile "$unit" "$here/$unit.cpp"
  done
  round=$((round + 1))
done
demos=
for source in tools/demo/*.cpp; do
  name=demo_$(basename "$source" .cpp)
  demos="$demos $name"
  compile "$name" "$source"
done

added=$(awk "BEGIN { printf \"%.2f\", $(median library 1) - $(median standard 1) }")
ratio=$(awk "BEGIN { printf \"%.2f\", $(median xtensor_pgd 1) / $(median xtensor_alone 1) }")
most=0
printf '%-28s %10s %10s\n' 'translation unit' 'user s' 'peak MB'
for unit in standard library xtensor_alone xtensor_pgd $demos; do
  peak=$(greatest "$unit" 2)
  [ "$peak" -gt "$most" ] && most=$peak
  printf '%-28s %10s %10s\n' "$unit" "$(median "$unit" 1)" "$peak"
done
printf '\nadvx.hpp over its standard headers  %s s   (at most 0.5)\n' "$added"
printf 'PGD on xtensor / xtensor alone      %s     (at most 1.5)\n' "$ratio"
printf 'greatest memory                     %s MB  (at most 1500)\n' "$most"

{
  printf '{\n  "compiler": "%s",\n  "runs": %s,\n  "units": [\n' "$("$cxx" --version | head -n 1)" "$runs"
  separator=
  for unit in standard library xtensor_alone xtensor_pgd $demos; do
    printf '%b    {"name": "%s", "user_seconds": %s, "peak_megabytes": %s}' "$separator" "$unit" \
      "$(median "$unit" 1)" "$(greatest "$unit" 2)"
    separator=',\n'
  done
  printf '\n  ],\n  "advx_over_standard_seconds": %s,\n  "pgd_over_xtensor": %s,\n  "peak_megabytes": %s\n}\n' \
    "$added" "$ratio" "$most"
} >"$work/json"
mv "$work/json" "$json"
echo "Written: $json"
