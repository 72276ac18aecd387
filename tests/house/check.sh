#!/bin/sh
# check.sh <rules> <folder>: holds the headers of <folder>/advx to the rules; prints "file:line: fault" for each fault.
# shellcheck disable=SC2016 # the $ are awk's
set -eu

rules=$1
cd "$2"
find advx -name '*.hpp' | sort | xargs awk -v rules="$rules" '
function fault(text) { print FILENAME ":" FNR ": " text; faults++ }

# The room of a path below advx/: the longest rule that it begins with.
function room_of(path,    room, best) {
  best = ""
  for (room in allowed)
    if (index(path, room) == 1 && length(room) > length(best)) best = room
  return best
}

function fits(name, list,    words, count, i) {
  count = split(list, words, " ")
  for (i = 1; i <= count; i++)
    if (name == words[i] || (words[i] ~ /\/$/ && index(name, words[i]) == 1)) return 1
  return 0
}

BEGIN {
  while ((getline line < rules) > 0) {
    if (line !~ /^(room|outside|never|except) /) continue
    kind = line; sub(/ .*/, "", kind)
    name = line; sub(/^[a-z]* /, "", name); sub(/:.*/, "", name)
    rest = line; sub(/^[^:]*: */, "", rest)
    if (kind == "room") allowed[name] = " " rest " "
    if (kind == "outside") outside[name] = rest
    if (kind == "never") never[name] = rest
    if (kind == "except") except[name] = rest
  }
}

# What only the end of a header tells.
function finish(    macro) {
  if (previous != "" && !guarded) { print previous ": has no #pragma once"; faults++ }
  for (macro in left) { print previous ":" left[macro] ": leaves the macro " macro " behind"; faults++ }
  split("", left)
}

FNR == 1 {
  finish()
  previous = FILENAME; guarded = 0
  path = FILENAME; sub(/^advx\//, "", path)
  room = room_of(path)
  if (room == "") fault("stands in no room of the house")
  if ($0 !~ /^\/\/\/ @file/) fault("does not begin with /// @file and what it is for")
}

/^#pragma once/ { guarded = 1 }

/^ *# *include *"/ { fault("includes by quotes; write <advx/...>") }

/^ *# *include *</ {
  name = $0; sub(/^[^<]*</, "", name); sub(/>.*/, "", name)
  if (index(name, "advx/") == 1) {
    sub(/^advx\//, "", name)
    other = room_of(name)
    if (other != room && index(allowed[room], " * ") == 0 && index(allowed[room], " " other " ") == 0)
      fault("room \"" room "\" may not include room \"" other "\" (advx/" name ")")
  } else if (name in never) {
    if (!fits(path, except[name])) fault("<" name ">: " never[name])
  } else if (name ~ /[.\/]/ && !fits(name, outside[room])) {
    fault("room \"" room "\" may not include <" name ">, which is neither ours nor the standard library\047s")
  }
}

/^ *# *define / {
  macro = $0; sub(/^ *# *define +/, "", macro); sub(/[^A-Za-z0-9_].*/, "", macro)
  if (macro !~ /^ADVX_(VERSION_[A-Z]+|HOST_DEVICE)$/) left[macro] = FNR
}

/^ *# *undef / { delete left[$NF] }

/(^|[^a-z_])auto(&&|&)? +[a-z_]+ *= *xt::/ && !/xt::(eval|adapt)/ {
  fault("auto holds an xtensor expression, which refers to temporaries; name the container")
}

END {
  finish()
  if (NR == 0) { print "no header was found"; faults++ }
  print faults + 0 " faults in the house"
  exit faults > 0
}'
