#!/bin/sh
# A fresh machine: clean HOME, clean CARGO_HOME, clean target folder; the toolchain and the network are those that are there.
# Times the README's two commands, the first verdicts after `cargo install`, and a build from the packaged sources.
#
#     sh benches/fresh.sh [run] [test] [install] [package]      all four without words; half an hour to an hour on 2 cores
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
old_cargo="${CARGO_HOME:-$HOME/.cargo}"
export RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" HOME="$fresh/home" CARGO_HOME="$fresh/cargo"
unset CARGO_TARGET_DIR ROADMAP_WORKSPACE ROADMAP_DATA
mkdir -p "$HOME" "$CARGO_HOME" "$fresh/src"
# Where crates come from stays as it is.
if [ -f "$old_cargo/config.toml" ]; then cp "$old_cargo/config.toml" "$CARGO_HOME/"; fi
git -C "$root" archive HEAD | tar -x -C "$fresh/src"
cd "$fresh/src"

# Runs a command with nothing on stdin and tells how long it took; its output stays in a file and is shown if it fails.
# `asks` is what a lab ends with that shows its first question and gets no answer.
asks=4
timed() {
    wanted=0
    if [ "$1" = asks ]; then wanted=$asks && shift; fi
    what=$1 && shift
    begun=$(date +%s.%N)
    code=0
    "$@" </dev/null >"$fresh/log" 2>&1 || code=$?
    if [ $code -eq $wanted ]; then word=ok; else word="exit $code"; fi
    printf '%-64s %8.1f s  %s\n' "$what" "$(echo "$(date +%s.%N) - $begun" | bc)" "$word"
    [ $code -eq $wanted ] || tail -n 30 "$fresh/log"
}

solved() {
    cp "labs/quantize-int8/solution.$2" "$HOME/roadmap/quantize-int8/answer.$2"
    timed "first verdict, $1" "$CARGO_HOME/bin/roadmap" lab quantize-int8 --step quantize --lang "$1"
    echo "$3 edited" >>"$HOME/roadmap/quantize-int8/answer.$2"
    timed "second verdict, $1" "$CARGO_HOME/bin/roadmap" lab quantize-int8 --step quantize --lang "$1"
}

[ $# -gt 0 ] || set -- run test install package
for part; do
    case $part in
    run) timed asks "cargo run --release -- lab quantize-int8" cargo run --release -- lab quantize-int8 ;;
    test) timed "cargo test" cargo test ;;
    install)
        timed "cargo install --locked --path ." cargo install --locked --path .
        rm -rf target/release
        timed asks "roadmap lab quantize-int8 --lang python" "$CARGO_HOME/bin/roadmap" lab quantize-int8 --lang python
        solved python py '#'
        timed asks "roadmap lab quantize-int8 --lang rust" "$CARGO_HOME/bin/roadmap" lab quantize-int8 --lang rust
        solved rust rs //
        ;;
    package) timed "cargo package --workspace" cargo package --workspace --target-dir "$fresh/package" ;;
    *) echo "unknown part: $part" >&2 && exit 2 ;;
    esac
done
