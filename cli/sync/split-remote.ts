/** Which of a sync command's words is the remote: the last one, or the only one that has a remote's name. */
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { defaultRemote, parseRemoteAddress, readRemotes } from "../../sync/remotes/index.js";
import { nearest } from "../parse/nearest.js";

export interface SplitOptions {
  readonly workspace: string;
  /** Relative addresses count from it. */
  readonly cwd: string;
  /** Whether a word names runs. Asked only where a word may be both. */
  isRun(word: string): boolean;
}

export interface SplitWords {
  /** Those that name runs. */
  readonly words: readonly string[];
  readonly remoteName: string;
}

/**
 * The remote comes last; where it stands elsewhere it is understood, unless a run has that name, too. An address is the
 * remote that has it. Throws INVALID_PARAMETER_VALUE when it is not clear which remote is meant, RESOURCE_DOES_NOT_EXIST when
 * there is none, or a word is nearly the name of one and names no run.
 */
export function splitRemote(what: readonly string[], options: SplitOptions): SplitWords {
  const { remotes } = readRemotes(options.workspace);
  const names = remotes.map(({ name }) => name);
  const given = what.map((word) => {
    if (!isAddress(word) || names.includes(word)) return word;
    const known = remotes.find(({ address }) => address.text === canonical(word, options.cwd));
    if (known !== undefined) return known.name;
    throw unnamed();
  });
  const at = placeOfRemote(given, names, options);
  if (at !== null) {
    const remoteName = given[at]!;
    // Said twice, it is the same remote, unless a run has its name.
    const isOther = (word: string, index: number): boolean =>
      index !== at && (word !== remoteName || options.isRun(word));
    return { words: given.filter(isOther), remoteName };
  }
  assertNoTypo(given.at(-1), names, options);
  return { words: given, remoteName: defaultRemote(options.workspace) };
}

function placeOfRemote(
  given: readonly string[],
  names: readonly string[],
  { isRun }: SplitOptions,
): number | null {
  const last = given.length - 1;
  const isLast = names.includes(given[last] ?? "");
  const others = given.flatMap((word, at) => (at !== last && names.includes(word) ? [at] : []));
  const [first] = others;
  if (isLast) {
    const second = others.find((at) => given[at] !== given[last] && !isRun(given[at]!));
    if (second !== undefined) throw several([given[second]!, given[last]!]);
    return last;
  }
  if (first === undefined) return null;
  if (others.length > 1) throw several(others.map((at) => given[at]!));
  if (isRun(given[first]!)) throw both(given[first]!);
  return first;
}

function isAddress(word: string): boolean {
  return /^(?:https?|ssh|file):\/\/\S+$/i.test(word) || /^(?:\.{1,2}|~)?\/\S*$/.test(word);
}

function canonical(word: string, cwd: string): string | null {
  try {
    return parseRemoteAddress(word, cwd).text;
  } catch (error) {
    if (isRunstoneError(error, "INVALID_PARAMETER_VALUE")) return null;
    throw error;
  }
}

function assertNoTypo(word: string | undefined, names: readonly string[], { isRun }: SplitOptions): void {
  const meant = word === undefined ? undefined : nearest(word, names);
  if (word === undefined || meant === undefined || isRun(word)) return;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `'${word}' is the name of no remote and of no run`, {
    hint: `Did you mean the remote ${meant}?`,
    data: { word, remotes: names },
  });
}

/** The address may hold a password. */
function unnamed(): RunstoneError {
  return new RunstoneError("INVALID_PARAMETER_VALUE", "no remote here has this address", {
    hint: "Name it first: runstone remote add NAME URL; then the name is enough.",
  });
}

function several(names: readonly string[]): RunstoneError {
  return new RunstoneError("INVALID_PARAMETER_VALUE", `several remotes are named: ${names.join(", ")}`, {
    hint: "Repeat the command for each of them.",
    data: { remotes: names },
  });
}

function both(name: string): RunstoneError {
  return new RunstoneError("INVALID_PARAMETER_VALUE", `'${name}' is the name of a remote and of a run`, {
    hint: `The remote comes last: RUN ${name}. Of the run, give the id.`,
    data: { word: name },
  });
}
