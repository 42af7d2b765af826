/** Command lines as text that a POSIX shell reads back, as the tag `runstone.command` has them. */

/** One argument so that a POSIX shell reads it as it is. */
export function shellQuote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

export function shellLine(words: readonly string[]): string {
  return words.map(shellQuote).join(" ");
}

/** The words of a {@link shellLine}. Null for text that it cannot have written: expansions, other quotes, open quotes. */
export function readShellLine(line: string): readonly string[] | null {
  const word = /(?:[\w@%+=:,./-]|'[^']*'|\\')+/y;
  const words: string[] = [];
  for (let at = 0; at < line.length; at += 1) {
    word.lastIndex = at;
    const found = word.exec(line)?.[0];
    if (found === undefined) return null;
    words.push(found.replace(/'([^']*)'|\\'/g, (_, quoted: string | undefined) => quoted ?? "'"));
    at += found.length;
    if (at < line.length && line[at] !== " ") return null;
  }
  return words;
}
