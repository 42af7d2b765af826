/**
 * Regular expressions that are matched in time linear in the text: a user's pattern runs over every line a child
 * prints, and none may stop the log. All alternatives are followed at once (Thompson's construction, Pike's captures);
 * what is found is what a backtracking matcher would find first.
 *
 * Known: literals, `.`, classes `[a-z]` `[^...]`, `\d \w \s \D \W \S`, `\t`, escaped punctuation, `^`, `$`, `\b`, `\B`,
 * groups `( )`, `(?: )`, `(?<name> )`, `|`, and `* + ? {n} {n,} {n,m}`, each also lazy (`*?`). A leading `(?i)` ignores
 * case. Names of groups may hold anything but `>`, so that `(?<val/loss>...)` works. Look-around and back references
 * are refused: no linear matcher has them.
 */
import { RunstoneError } from "../../store-format/index.js";
import { LazyAutomaton, type OnWork } from "./lazy-automaton.js";

type CharTest = (code: number) => boolean;

type Node =
  | { readonly kind: "char"; readonly test: CharTest; readonly literal?: string }
  | { readonly kind: "assert"; readonly where: AssertPlace; readonly test: AssertTest }
  | { readonly kind: "sequence"; readonly parts: readonly Node[] }
  | { readonly kind: "either"; readonly options: readonly Node[] }
  | { readonly kind: "group"; readonly name: string | null; readonly inner: Node }
  | {
      readonly kind: "repeat";
      readonly inner: Node;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    };

type AssertTest = (text: string, at: number) => boolean;

type AssertPlace = "start" | "end" | "edge";

export type Instruction =
  | { readonly op: "char"; readonly test: CharTest }
  | { readonly op: "assert"; readonly where: AssertPlace; readonly test: AssertTest }
  | { readonly op: "split"; readonly first: number; readonly second: number }
  | { readonly op: "jump"; readonly to: number }
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "match" };

/** Bounds of a pattern: its length, the number of its instructions after repeats are written out, and a repeat. */
const MAX_SOURCE = 1_000;
const MAX_PROGRAM = 2_000;
const MAX_REPEAT = 200;

export interface LinearMatch {
  /** The named groups that took part, in the order of the pattern. */
  readonly groups: ReadonlyMap<string, string>;
}

/** A compiled pattern. Throws `INVALID_PARAMETER_VALUE` for a pattern that is not understood. */
export class LinearRegExp {
  readonly names: readonly string[];
  readonly #program: readonly Instruction[];
  /** Text that every match holds: most lines are passed over by one search for it. */
  readonly #required: string;
  /** Knows no edges of words: of a pattern that asks for them it tells only what cannot match. */
  #automaton: LazyAutomaton | undefined;

  constructor(source: string) {
    const ignoreCase = source.startsWith("(?i)");
    const parser = new Parser(source, ignoreCase ? 4 : 0, ignoreCase);
    const node = parser.parse();
    this.names = parser.names;
    this.#program = compile(node, parser.names, source);
    this.#required = ignoreCase ? "" : requiredText(node);
  }

  /**
   * Whether there is a match in `text`: faster than asking for it. `onWork` is told of the places of the pattern that are
   * looked at beyond one state for each character, and may throw.
   */
  test(text: string, onWork?: OnWork): boolean {
    if (!text.includes(this.#required)) return false;
    this.#automaton ??= new LazyAutomaton(withoutWordEdges(this.#program));
    if (!this.#automaton.matches(text, onWork)) return false;
    return !hasWordEdge(this.#program) || run(this.#program, text, this.names.length * 2, onWork) !== null;
  }

  /** The leftmost match in `text`, or null. */
  exec(text: string): LinearMatch | null {
    if (!text.includes(this.#required)) return null;
    const slots = run(this.#program, text, this.names.length * 2);
    if (slots === null) return null;
    const groups = new Map<string, string>();
    this.names.forEach((name, i) => {
      const [start, end] = [slots[2 * i] ?? -1, slots[2 * i + 1] ?? -1];
      if (start >= 0 && end >= 0) groups.set(name, text.slice(start, end));
    });
    return { groups };
  }
}

/** The program that takes every place for an edge of a word, and none: it matches wherever the other does. */
function withoutWordEdges(program: readonly Instruction[]): readonly Instruction[] {
  return program.map((instruction, at) =>
    instruction.op === "assert" && instruction.where === "edge" ? { op: "jump", to: at + 1 } : instruction,
  );
}

function hasWordEdge(program: readonly Instruction[]): boolean {
  return program.some((instruction) => instruction.op === "assert" && instruction.where === "edge");
}

/** Most characters of a pattern that an error shows. */
const MAX_SHOWN = 80;

function refuse(whole: string, reason: string): never {
  const source = whole.length <= MAX_SHOWN ? whole : `${whole.slice(0, MAX_SHOWN)}…`;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `cannot use the pattern ${JSON.stringify(source)}: ${reason}`,
    {
      hint: "docs/reference/run-lines.md lists what a pattern may hold.",
      data: { pattern: source },
    },
  );
}

class Parser {
  readonly names: string[] = [];
  readonly #source: string;
  readonly #ignoreCase: boolean;
  #at: number;

  constructor(source: string, from: number, ignoreCase: boolean) {
    this.#source = source;
    this.#at = from;
    this.#ignoreCase = ignoreCase;
  }

  parse(): Node {
    if (this.#source.length > MAX_SOURCE) refuse(this.#source, `it is longer than ${MAX_SOURCE} characters`);
    const node = this.#either(0);
    if (this.#at < this.#source.length) this.#refuse("a ) has no (");
    return node;
  }

  #either(depth: number): Node {
    if (depth > 50) this.#refuse("groups are nested more than 50 deep");
    const options = [this.#sequence(depth)];
    while (this.#take("|")) options.push(this.#sequence(depth));
    return options.length === 1 ? options[0]! : { kind: "either", options };
  }

  #sequence(depth: number): Node {
    const parts: Node[] = [];
    while (this.#at < this.#source.length && !"|)".includes(this.#peek())) {
      parts.push(this.#repeated(this.#atom(depth)));
    }
    return { kind: "sequence", parts };
  }

  #repeated(inner: Node): Node {
    const bounds = this.#bounds();
    if (bounds === null) return inner;
    if (inner.kind === "assert") this.#refuse("an anchor cannot be repeated");
    const node: Node = { kind: "repeat", inner, ...bounds, lazy: this.#take("?") };
    if (this.#bounds() !== null) this.#refuse("a repeat follows a repeat");
    return node;
  }

  #bounds(): { readonly min: number; readonly max: number } | null {
    if (this.#take("*")) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take("+")) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take("?")) return { min: 0, max: 1 };
    const braces = /^\{(\d{1,4})(,)?(\d{1,4})?\}/.exec(this.#source.slice(this.#at, this.#at + 12));
    if (braces === null) return null;
    this.#at += braces[0].length;
    const min = Number(braces[1]);
    const max = braces[3] !== undefined ? Number(braces[3]) : braces[2] ? Number.POSITIVE_INFINITY : min;
    if (max < min || min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY)) {
      this.#refuse(`a repeat is out of order or over ${MAX_REPEAT}`);
    }
    return { min, max };
  }

  #atom(depth: number): Node {
    const char = this.#next();
    switch (char) {
      case "(":
        return this.#group(depth);
      case "[":
        return { kind: "char", test: this.#class() };
      case ".":
        return { kind: "char", test: () => true };
      case "^":
        return { kind: "assert", where: "start", test: (_text, at) => at === 0 };
      case "$":
        return { kind: "assert", where: "end", test: (text, at) => at === text.length };
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        return this.#refuse(`nothing stands before ${char}`);
      default:
        return { kind: "char", test: this.#literal(char.charCodeAt(0)), literal: char };
    }
  }

  #group(depth: number): Node {
    const name = this.#groupName();
    const inner = this.#either(depth + 1);
    if (!this.#take(")")) this.#refuse("a ( is not closed");
    return { kind: "group", name, inner };
  }

  /** After `(`: null for a group whose text is not kept. */
  #groupName(): string | null {
    if (!this.#take("?")) return null;
    if (this.#take(":")) return null;
    this.#take("P");
    if (!this.#take("<") || "=!".includes(this.#peek())) this.#refuse("look-around and flags are not known");
    const end = this.#source.indexOf(">", this.#at);
    const name = end < 0 ? "" : this.#source.slice(this.#at, end);
    if (name === "") this.#refuse("a group has no name");
    if (this.names.includes(name)) this.#refuse(`two groups are called ${JSON.stringify(name)}`);
    this.names.push(name);
    this.#at = end + 1;
    return name;
  }

  #escape(): Node {
    if (this.#at >= this.#source.length) this.#refuse("it ends in a backslash");
    const char = this.#next();
    if (char === "b") return { kind: "assert", where: "edge", test: isWordEdge };
    if (char === "B") return { kind: "assert", where: "edge", test: (text, at) => !isWordEdge(text, at) };
    return { kind: "char", test: this.#escapedTest(char) };
  }

  #escapedTest(char: string): CharTest {
    const known = ESCAPED_CLASSES[char];
    if (known !== undefined) return known;
    if (char === "t") return (code) => code === 0x09;
    if (/[A-Za-z0-9]/.test(char)) this.#refuse(`\\${char} is not known`);
    return this.#literal(char.charCodeAt(0));
  }

  #class(): CharTest {
    const negated = this.#take("^");
    const tests: CharTest[] = [];
    for (let first = true; first || this.#peek() !== "]"; first = false) {
      if (this.#at >= this.#source.length) this.#refuse("a [ is not closed");
      tests.push(this.#classItem());
    }
    this.#at += 1;
    const any: CharTest = (code) => tests.some((test) => test(code));
    return negated ? (code) => !any(code) : any;
  }

  #classItem(): CharTest {
    const low = this.#next();
    if (low === "\\") return this.#escapedTest(this.#next());
    const ranged = this.#peek() === "-" && this.#source.charAt(this.#at + 1) !== "]";
    if (!ranged) return this.#literal(low.charCodeAt(0));
    this.#at += 1;
    const high = this.#next() === "\\" ? this.#next() : this.#source.charAt(this.#at - 1);
    if (high === "" || high < low) this.#refuse(`the range ${low}-${high} is out of order`);
    return this.#range(low.charCodeAt(0), high.charCodeAt(0));
  }

  #range(low: number, high: number): CharTest {
    const inside: CharTest = (code) => code >= low && code <= high;
    if (!this.#ignoreCase) return inside;
    return (code) => inside(code) || inside(lowerCase(code)) || inside(upperCase(code));
  }

  #literal(wanted: number): CharTest {
    if (!this.#ignoreCase) return (code) => code === wanted;
    const [low, high] = [lowerCase(wanted), upperCase(wanted)];
    return (code) => code === low || code === high;
  }

  #peek(): string {
    return this.#source.charAt(this.#at);
  }

  #next(): string {
    const char = this.#peek();
    this.#at += 1;
    return char;
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }

  #refuse(reason: string): never {
    return refuse(this.#source, reason);
  }
}

/** The longest run of plain characters in the outermost sequence of a pattern. */
function requiredText(node: Node): string {
  if (node.kind !== "sequence") return "";
  let [best, current] = ["", ""];
  for (const part of node.parts) {
    current = part.kind === "char" && part.literal !== undefined ? current + part.literal : "";
    if (current.length > best.length) best = current;
  }
  return best;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWord(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xa0;
}

function isWordEdge(text: string, at: number): boolean {
  return isWord(text.charCodeAt(at - 1)) !== isWord(text.charCodeAt(at));
}

function lowerCase(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 32 : code;
}

function upperCase(code: number): number {
  return code >= 0x61 && code <= 0x7a ? code - 32 : code;
}

const ESCAPED_CLASSES: Readonly<Record<string, CharTest>> = {
  d: isDigit,
  w: isWord,
  s: isSpace,
  D: (code) => !isDigit(code),
  W: (code) => !isWord(code),
  S: (code) => !isSpace(code),
};

function compile(node: Node, names: readonly string[], source: string): readonly Instruction[] {
  const program: Instruction[] = [];
  const emit = (instruction: Instruction): number => {
    if (program.length >= MAX_PROGRAM) refuse(source, "its repeats multiply to too much");
    return program.push(instruction) - 1;
  };
  new Compiler(emit, program, names).emitNode(node);
  emit({ op: "match" });
  return program;
}

class Compiler {
  readonly #emit: (instruction: Instruction) => number;
  readonly #program: Instruction[];
  readonly #names: readonly string[];

  constructor(emit: (instruction: Instruction) => number, program: Instruction[], names: readonly string[]) {
    this.#emit = emit;
    this.#program = program;
    this.#names = names;
  }

  emitNode(node: Node): void {
    switch (node.kind) {
      case "char":
        this.#emit({ op: "char", test: node.test });
        return;
      case "assert":
        this.#emit({ op: "assert", where: node.where, test: node.test });
        return;
      case "sequence":
        for (const part of node.parts) this.emitNode(part);
        return;
      case "either":
        this.#emitEither(node.options);
        return;
      case "group":
        this.#emitGroup(node.name, node.inner);
        return;
      case "repeat":
        this.#emitRepeat(node.inner, node.min, node.max, node.lazy);
    }
  }

  #emitEither(options: readonly Node[]): void {
    const jumps: number[] = [];
    options.forEach((option, i) => {
      if (i === options.length - 1) {
        this.emitNode(option);
        return;
      }
      const split = this.#emit({ op: "split", first: 0, second: 0 });
      this.emitNode(option);
      jumps.push(this.#emit({ op: "jump", to: 0 }));
      this.#program[split] = { op: "split", first: split + 1, second: this.#program.length };
    });
    for (const jump of jumps) this.#program[jump] = { op: "jump", to: this.#program.length };
  }

  #emitGroup(name: string | null, inner: Node): void {
    const slot = name === null ? -1 : this.#names.indexOf(name) * 2;
    if (slot >= 0) this.#emit({ op: "save", slot });
    this.emitNode(inner);
    if (slot >= 0) this.#emit({ op: "save", slot: slot + 1 });
  }

  #emitRepeat(inner: Node, min: number, max: number, lazy: boolean): void {
    for (let i = 0; i < min; i += 1) this.emitNode(inner);
    if (max === Number.POSITIVE_INFINITY) this.#emitLoop(inner, lazy);
    else for (let i = min; i < max; i += 1) this.#emitOptional(inner, lazy);
  }

  #emitLoop(inner: Node, lazy: boolean): void {
    const split = this.#emit({ op: "split", first: 0, second: 0 });
    this.emitNode(inner);
    this.#emit({ op: "jump", to: split });
    this.#program[split] = orderedSplit(split + 1, this.#program.length, lazy);
  }

  #emitOptional(inner: Node, lazy: boolean): void {
    const split = this.#emit({ op: "split", first: 0, second: 0 });
    this.emitNode(inner);
    this.#program[split] = orderedSplit(split + 1, this.#program.length, lazy);
  }
}

function orderedSplit(into: number, past: number, lazy: boolean): Instruction {
  return lazy ? { op: "split", first: past, second: into } : { op: "split", first: into, second: past };
}

/** A place in the program with the capture slots of the way there. */
interface Thread {
  readonly at: number;
  readonly slots: readonly number[];
}

/** Slots of the leftmost match by priority, or null. At most `program.length` threads live at any character. */
function run(
  program: readonly Instruction[],
  text: string,
  slotCount: number,
  onWork?: OnWork,
): readonly number[] | null {
  const start: readonly number[] = new Array<number>(slotCount).fill(-1);
  const seenAt = new Int32Array(program.length).fill(-1);
  let threads: Thread[] = [];
  let found: readonly number[] | null = null;
  for (let at = 0; at <= text.length; at += 1) {
    const ready: Thread[] = [];
    for (const thread of threads) follow(program, thread, text, at, seenAt, ready);
    if (found === null) follow(program, { at: 0, slots: start }, text, at, seenAt, ready);
    if (ready.length === 0 && found !== null) return found;
    onWork?.(ready.length);
    threads = [];
    for (const thread of ready) {
      const instruction = program[thread.at]!;
      if (instruction.op === "match") {
        found = thread.slots;
        break;
      }
      if (instruction.op === "char" && at < text.length && instruction.test(text.charCodeAt(at))) {
        threads.push({ at: thread.at + 1, slots: thread.slots });
      }
    }
  }
  return found;
}

/** Follows everything that takes no character, in order of priority, each instruction once per position. */
function follow(
  program: readonly Instruction[],
  from: Thread,
  text: string,
  at: number,
  seenAt: Int32Array,
  ready: Thread[],
): void {
  const stack: Thread[] = [from];
  for (let thread = stack.pop(); thread !== undefined; thread = stack.pop()) {
    if (seenAt[thread.at] === at) continue;
    seenAt[thread.at] = at;
    const instruction = program[thread.at]!;
    const { slots } = thread;
    if (instruction.op === "jump") stack.push({ at: instruction.to, slots });
    else if (instruction.op === "save") {
      stack.push({ at: thread.at + 1, slots: slots.with(instruction.slot, at) });
    } else if (instruction.op === "split") {
      stack.push({ at: instruction.second, slots }, { at: instruction.first, slots });
    } else if (instruction.op === "assert") {
      if (instruction.test(text, at)) stack.push({ at: thread.at + 1, slots });
    } else ready.push(thread);
  }
}
