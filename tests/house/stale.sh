# Does benchmarks/stale.sh mark the rows whose files have changed, and no others? In a repository of its own.
#
#   sh stale.sh PATH-OF-THE-SCRIPT
set -eu
script=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() {
  echo "$1:" >&2
  cat results.md >&2
  exit 1
}
commit() {
  git add -A
  git -c user.name=test -c user.email=test@example.org commit -q -m "$1"
  git rev-parse --short=10 HEAD
}
rows() { grep -c "^| (stale) $1" results.md || true; }
run() { sh benchmarks/stale.sh "$@" results.md 2>/dev/null; }

git init -q .
mkdir benchmarks kernels
cp "$script" benchmarks/stale.sh
echo one >kernels/one
echo two >kernels/two
touch results.md
first=$(commit first)
cat >results.md <<EOF
| not | measured |
|---|---|
| a | 1 |

<!-- measured: $first; kernels/one -->

| name | figure |
|---|---|
| b | 1 |
| c | 2 |

Text.

| not | measured |
|---|---|
| d | 1 |

<!-- measured: $first; kernels/one kernels/two -->
| name | figure | commit |
|---|---|---|
| e | 1 | |
EOF
cp results.md fresh.md
run --check || fail "fresh rows were called stale"

echo more >>kernels/two # not committed yet: the working tree counts
if run --check; then fail "a stale row was not noticed"; fi
cmp -s results.md fresh.md || fail "--check has written"
run || fail "marking failed"
[ "$(rows e)" = 1 ] && [ "$(rows '')" = 1 ] || fail "only e is stale"
run --check || fail "marked twice"

second=$(commit second)
echo "| f | 2 | \`$second\` |" >>results.md # measured since
run && [ "$(rows e)" = 1 ] && [ "$(rows '')" = 1 ] || fail "e is stale, f is not"

echo more >>kernels/one
run && [ "$(rows '[bcef]')" = 4 ] && [ "$(rows '')" = 4 ] || fail "b, c, e and f are stale, a and d were not measured"

git checkout -q "$first" -- kernels
run && [ "$(rows '')" = 1 ] && [ "$(rows f)" = 1 ] || fail "with the first commit's files only f is stale"

sed "s/$first/0123456789/" fresh.md >results.md
if run; then fail "an unknown commit was taken"; fi
grep -q '^| e' results.md || fail "the file was lost"
