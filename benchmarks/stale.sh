#!/bin/sh
# Marks the figures of RESULTS.md whose kernels have changed since they were measured.
#
#   benchmarks/stale.sh [--check] [FILE]
#
# Before a table stands, in a comment of its own line, what it was measured with:
#
#   <!-- measured: COMMIT; PATH PATH ... -->
#
# A row that names a commit itself, `like so` with 7 to 40 hexadecimal digits in a cell, was measured with that one. If
# one of the paths differs between the commit and the working tree, "(stale) " is put before the row's first cell;
# otherwise it is taken away. FILE is benchmarks/RESULTS.md where it is left out, and is rewritten; with --check it is
# left alone, and the script fails if a mark is missing or one too many. A commit that is not there is an error.
set -eu

check=false
if [ "${1-}" = --check ]; then
  check=true
  shift
fi
cd "$(dirname "$0")/.."
file=${1-benchmarks/RESULTS.md}
marked=$(mktemp)
trap 'rm -f "$marked"' EXIT

awk -v q="'" '
  # Has one of the paths changed since the commit?
  function changed(commit, paths,    key, answer) {
    key = commit ";" paths
    if (!(key in known)) {
      answer = system("git cat-file -e " q commit "^{commit}" q " 2>/dev/null && git diff --quiet " q commit q " -- " paths)
      if (answer > 1) {
        print "advx: stale.sh: there is no commit " commit " here (a shallow clone?)" > "/dev/stderr"
        failed = 1
        exit
      }
      known[key] = answer
    }
    return known[key]
  }
  match($0, /^<!-- measured: [0-9a-f]+; .* -->$/) {
    commit = $3
    sub(/;$/, "", commit)
    paths = $0
    sub(/^[^;]*; /, "", paths)
    sub(/ -->$/, "", paths)
    if (paths !~ /^[A-Za-z0-9_.\/ -]+$/) {
      print "advx: stale.sh: line " NR ": a path may have letters, digits and _ . / - only" > "/dev/stderr"
      failed = 1
      exit
    }
    line = -1
  }
  paths != "" && /^\|/ && ++line > 1 { # after the heads and the rule
    of = commit
    if (match($0, /`[0-9a-f]+`/) && RLENGTH >= 9 && RLENGTH <= 42) of = substr($0, RSTART + 1, RLENGTH - 2)
    sub(/^\| \(stale\) /, "| ")
    if (changed(of, paths)) {
      sub(/^\| /, "| (stale) ")
      ++stale
    }
  }
  paths != "" && line > 0 && !/^\|/ { paths = "" } # the table has ended
  { print }
  END {
    if (failed) exit 2
    print stale + 0 " stale rows" > "/dev/stderr"
  }
' "$file" >"$marked"

if cmp -s "$marked" "$file"; then exit 0; fi
if $check; then
  echo "advx: stale.sh: the marks of $file are not up to date; run benchmarks/stale.sh" >&2
  exit 1
fi
cat "$marked" >"$file"
