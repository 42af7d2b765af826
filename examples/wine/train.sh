#!/bin/sh
# One threshold on flavanoids, chosen by hand: what a shell script logs with start, log and end.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
threshold=${1:-1.6}

run=$(runstone start --experiment wine --name "threshold-$threshold" --param "threshold=$threshold")
export RUNSTONE_RUN_ID="$run"
trap 'runstone end --status FAILED' EXIT

step=0
for shift in 0 0.1 0.2 0.3 0.4; do
  # Share of the wines of cultivar 2 among those below the threshold, and how many of them it finds.
  set -- $(awk -F, -v t="$threshold" -v s="$shift" '
    NR > 1 { below = $7 < t + s; third = $14 == 2; hit += below && third; found += below; all += third }
    END { printf "%.4f %.4f", found ? hit / found : 0, hit / all }' "$here/wine.csv")
  runstone log metric precision="$1" recall="$2" --step "$step"
  step=$((step + 1))
done
runstone log artifact "$here/wine.csv" --path data
runstone tag "$run" model=threshold

trap - EXIT
runstone end
echo "logged run $run"
