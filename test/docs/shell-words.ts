/** The commands of a shell snippet, as far as documentation needs it: quotes, `$(...)`, pipes, lists, redirections. */

const WORD = /^(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"|;&<>()])+/;
const OPERATOR = /^(?:\d?>>?|<|\|\|?|&&?|;|\$\(|[()])/;

/** The words of each simple command, quotes removed, redirections and assignments left out. */
export function simpleCommands(snippet: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  let isTarget = false;
  for (const token of tokensOf(snippet)) {
    if (token === "\n" || (OPERATOR.test(token) && !/[<>]/.test(token))) commands.push([]);
    else if (OPERATOR.test(token)) isTarget = true;
    else if (isTarget) isTarget = false;
    else commands.at(-1)!.push(withoutQuotes(token));
  }
  return commands.filter((words) => words.length > 0);
}

/** A substitution inside double quotes is one outside them: its words are what counts. */
function* tokensOf(snippet: string): Generator<string> {
  let rest = snippet.replaceAll('"$(', "$(").replaceAll(')"', ")").replaceAll("\\\n", " ");
  while (rest !== "") {
    const found =
      /^\n/.exec(rest) ?? /^(?:[^\S\n]+|#[^\n]*)/.exec(rest) ?? OPERATOR.exec(rest) ?? WORD.exec(rest);
    if (found === null) throw new Error(`cannot read: ${rest.split("\n")[0]}`);
    if (found[0] === "\n" || /^[^\s#]/.test(found[0])) yield found[0];
    rest = rest.slice(found[0].length);
  }
}

/** The exit code of the last command, `$?`, is a number. */
function withoutQuotes(word: string): string {
  return word
    .replaceAll("$?", "0")
    .replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, (_, a, b, c) => a ?? b ?? c);
}
