#!/bin/sh
# Renders a page as a phone and a desktop show it, in light and in dark, and looks whether it holds there.
#
#   tools/screenshots.sh PAGE FOLDER
#
# Writes FOLDER/390-light.png, 390-dark.png, 1280-light.png and 1280-dark.png, each the whole page. Fails with one line
# if the page is wider than the window, if a picture is empty, or if dark looks like light. Needs Chromium.
set -eu

fail() { echo "advx: screenshots: $1" >&2; exit 1; }

if [ $# -ne 2 ]; then fail "give the page and the folder of the pictures"; fi
page=$(realpath -- "$1")
folder=$2
[ -s "$page" ] || fail "there is no page '$1'"
mkdir -p -- "$folder"
for browser in chromium chromium-browser google-chrome; do
  if command -v "$browser" >/dev/null 2>&1; then break; fi
done
command -v "$browser" >/dev/null 2>&1 || fail "Chromium was not found (Debian: chromium)"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# No sandbox: it cannot be had in most containers, and the page is our own.
render() { # <options...> <address>
  timeout 120 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run \
    --user-data-dir="$scratch/profile" "$@" 2>"$scratch/log" </dev/null
}

# A page cannot say how large it is to one that asks from outside: a copy that may run a script tells its frame.
sed 's/<meta http-equiv="Content-Security-Policy"[^>]*>//' "$page" >"$scratch/copy.html"
cat >>"$scratch/copy.html" <<'END'
<script>
addEventListener('load', () => {
  const root = document.documentElement
  parent.postMessage([innerWidth, root.scrollWidth, root.scrollHeight].join(' '), '*')
})
</script>
END
extents() { # <width>: prints the window's width, the page's width and height
  cat >"$scratch/frame.html" <<END
<!doctype html><title></title><script>onmessage = e => { document.title = e.data }</script>
<iframe src="copy.html" style="border:0;width:$1px;height:900px"></iframe>
END
  render --window-size=1600,1000 --virtual-time-budget=20000 --dump-dom "file://$scratch/frame.html" |
    sed -n 's/.*<title>\([0-9][0-9 ]*\)<\/title>.*/\1/p'
}

for width in 390 1280; do
  # shellcheck disable=SC2046 # the words are the numbers
  set -- $(extents "$width")
  [ $# -eq 3 ] || fail "the page does not load at $width pixels: $(tail -n 1 "$scratch/log")"
  [ "$2" -le "$1" ] || fail "the page is $2 pixels wide in a window of $1"
  height=$3
  [ "$height" -le 60000 ] || height=60000 # longer ones are more than a picture can hold
  for scheme in light dark; do
    case $scheme in light) setting=1 ;; *) setting=0 ;; esac # Chromium's PreferredColorScheme
    picture=$folder/$width-$scheme.png
    rm -f -- "$picture"
    render --window-size="$width,$height" --blink-settings=preferredColorScheme="$setting" --screenshot="$picture" \
      "file://$page" || fail "$width pixels, $scheme: the browser failed: $(tail -n 1 "$scratch/log")"
    [ -s "$picture" ] || fail "$width pixels, $scheme: no picture was written"
    # One colour packs to next to nothing; a page with text and charts has more than a byte for each 100 pixels.
    size=$(wc -c <"$picture")
    [ "$size" -gt $((width * height / 100)) ] || fail "'$picture' is empty: $size bytes for $width x $height pixels"
    echo "$picture: $width x $height pixels, $size bytes"
  done
  ! cmp -s "$folder/$width-light.png" "$folder/$width-dark.png" || fail "$width pixels: dark looks like light"
done
