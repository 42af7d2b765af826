/**
 * Whether a compiled pattern matches, without saying where: the sets of places the matcher can be in are states of an
 * automaton, each made when it is first met. Most texts cost one look-up a character; the worst what the matcher costs.
 */
import type { Instruction } from "./linear-regexp.js";

interface State {
  /** Places before anything that takes no character is followed, ascending. */
  readonly kernel: readonly number[];
  /** Places of characters that are waited for. */
  readonly chars: readonly number[];
  readonly accepts: boolean;
  acceptsAtEnd: boolean | null;
  /** By character code, up to 255. */
  readonly near: (State | undefined)[];
  readonly far: Map<number, State>;
}

interface Place {
  readonly start: boolean;
  readonly end: boolean;
}

export type OnWork = (places: number) => void;

function ignore(): void {}

const INSIDE: Place = { start: false, end: false };
const MAX_STATES = 500;

export class LazyAutomaton {
  readonly #program: readonly Instruction[];
  readonly #states = new Map<string, State>();
  readonly #first: State;

  /** The program must know no assertions but those of start and end. */
  constructor(program: readonly Instruction[]) {
    this.#program = program;
    this.#first = this.#make([0], { start: true, end: false });
  }

  /** `onWork` is told of every state that is made: how many places it looked at. */
  matches(text: string, onWork: OnWork = ignore): boolean {
    let state = this.#first;
    if (state.accepts) return true;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      state = (code < 256 ? state.near[code] : state.far.get(code)) ?? this.#follow(state, code, onWork);
      if (state.accepts) return true;
    }
    if (text.length === 0) return this.#reach([0], { start: true, end: true }).accepts;
    state.acceptsAtEnd ??= this.#reach(state.kernel, { start: false, end: true }).accepts;
    return state.acceptsAtEnd;
  }

  /** The state after a character; a match may begin after it, too. */
  #follow(state: State, code: number, onWork: OnWork): State {
    onWork(state.kernel.length + state.chars.length);
    const kernel = new Set([0]);
    for (const at of state.chars) {
      const instruction = this.#program[at]!;
      if (instruction.op === "char" && instruction.test(code)) kernel.add(at + 1);
    }
    const next = this.#stateOf([...kernel].sort((a, b) => a - b));
    if (code < 256) state.near[code] = next;
    else if (state.far.size < MAX_STATES) state.far.set(code, next);
    return next;
  }

  #stateOf(kernel: readonly number[]): State {
    const key = kernel.join();
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    if (this.#states.size >= MAX_STATES) this.#forget();
    const state = this.#make(kernel, INSIDE);
    this.#states.set(key, state);
    return state;
  }

  /** So that a hostile pattern fills no memory. */
  #forget(): void {
    for (const state of [this.#first, ...this.#states.values()]) {
      state.near.length = 0;
      state.far.clear();
    }
    this.#states.clear();
  }

  #make(kernel: readonly number[], place: Place): State {
    return { kernel, ...this.#reach(kernel, place), acceptsAtEnd: null, near: [], far: new Map() };
  }

  #reach(kernel: readonly number[], place: Place): { chars: readonly number[]; accepts: boolean } {
    const seen = new Set<number>();
    const chars: number[] = [];
    const stack = [...kernel];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const instruction = this.#program[at]!;
      if (instruction.op === "match") return { chars: [], accepts: true };
      if (instruction.op === "char") chars.push(at);
      else stack.push(...placesAfter(instruction, at, place));
    }
    return { chars, accepts: false };
  }
}

/** Where an instruction that takes no character leads. */
function placesAfter(instruction: Instruction, at: number, place: Place): readonly number[] {
  switch (instruction.op) {
    case "jump":
      return [instruction.to];
    case "split":
      return [instruction.first, instruction.second];
    case "assert":
      return (instruction.where === "start" ? place.start : place.end) ? [at + 1] : [];
    default:
      return [at + 1];
  }
}
