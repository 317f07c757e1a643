#!/usr/bin/env bash
# Instructions per fit of metafor and of this crate at k = 20, counted by callgrind, next to the ratios aimed at.
#
#     cargo bench --bench kernels --no-run        # prints the path of the program KERNELS
#     benches/peers/instructions.sh KERNELS
#
# needs valgrind and R with metafor. A count is the difference of two runs that differ by a number of fits, so that what happens before
# cancels. metafor is used as it comes from its package, through its functions. Counts do not depend on how busy the machine is.
set -euo pipefail
kernels=$1
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
"$kernels" data "$folder"

callgrind="valgrind --tool=callgrind --callgrind-out-file=/dev/null"
collected() { sed -n 's/.*Collected : \([0-9]*\).*/\1/p'; }

# Instructions of R from start to end with so many fits.
r() { R --vanilla --no-echo -d "$callgrind" -f "$here/instructions.R" --args "$folder" "$@" 2>&1 | collected; }
metafor_fits=20
metafor_base=$(r dl 0)

# Instructions of the crate likewise.
ours() { $callgrind "$kernels" count "$@" 2>&1 | collected; }
our_fits=100

printf '| fit at k = 20 | metafor | ours | ratio | aim |\n| --- | --- | --- | --- | --- |\n'
row() {
    local what=$1 method=$2 name=$3 aim=$4 theirs own
    theirs=$((($(r "$method" $metafor_fits) - metafor_base) / metafor_fits))
    own=$((($(ours "$name" $our_fits) - $(ours "$name" 0)) / our_fits))
    awk -v what="$what" -v theirs="$theirs" -v own="$own" -v aim="$aim" \
        'BEGIN { printf "| %s | %.2f M | %d | %.0f | %s |\n", what, theirs / 1e6, own, theirs / own, aim }'
}
row "DL, Wald test" dl "fit dl z k=20" 5000
row "REML, Wald test" reml "fit reml z k=20" "3000 (certified)"
row "REML, Hartung-Knapp" reml_hk "fit reml hk k=20" "none set"
row "REML, 2 moderators, Knapp-Hartung" regression "regression reml 2 moderators hk k=20" 1500
