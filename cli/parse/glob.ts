/** Names with `*` (any characters) and `?` (one character). */

export function isGlob(word: string): boolean {
  return /[*?]/.test(word);
}

/** Whether the whole name fits. Time is at worst the product of the two lengths. */
export function matchesGlob(pattern: string, name: string): boolean {
  let [at, in_] = [0, 0];
  let star = -1;
  let retry = 0;
  while (in_ < name.length) {
    if (pattern[at] === "*") {
      star = at;
      at += 1;
      retry = in_;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === name[in_])) {
      at += 1;
      in_ += 1;
    } else if (star >= 0) {
      retry += 1;
      at = star + 1;
      in_ = retry;
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
