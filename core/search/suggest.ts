/** The word that was probably meant. */

const MAX_WORDS = 5_000;
const MAX_LENGTH = 80;

/** The nearest of `words` by edit distance, case not counting; null when none is near. */
export function nearestWord(word: string, words: Iterable<string>): string | null {
  if (word.length === 0 || word.length > MAX_LENGTH) return null;
  const wanted = word.toLowerCase();
  let best: string | null = null;
  let distance = Math.max(2, Math.floor(wanted.length / 3) + 1);
  let looked = 0;
  for (const candidate of words) {
    looked += 1;
    if (looked > MAX_WORDS) break;
    if (Math.abs(candidate.length - wanted.length) >= distance) continue;
    const found = editDistance(wanted, candidate.toLowerCase());
    if (found < distance) [best, distance] = [candidate, found];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let least = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + cost);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        least = Math.min(least, before[column - 2]! + 1);
      current.push(least);
    }
    [before, above] = [above, current];
  }
  return above[b.length]!;
}

/** `; did you mean ...?` as the hint of an error. */
export function suggestion(word: string, words: Iterable<string>, otherwise: string): string {
  const nearest = nearestWord(word, words);
  return nearest === null ? otherwise : `Did you mean ${nearest}?`;
}
