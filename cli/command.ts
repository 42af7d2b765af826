/**
 * What a command is: typed options and positionals, and an implementation that is imported only when it is run. The
 * same description serves yargs, the parser of the fast path, the help texts and the completion.
 */
import type { Integer } from "../store-format/index.js";
import type { CommandContext } from "./context.js";

/** `strings` may be given several times; `integer` covers 64 bits. */
export type OptionType = "string" | "strings" | "integer" | "number" | "boolean";

export interface Option {
  readonly type: OptionType;
  /** One line; starts with an imperative or a noun. */
  readonly describe: string;
  /** Further spellings: one letter (`n`) or a word (`experiment-name`). */
  readonly alias?: readonly string[];
  /** What stands for the value in help texts: `RUN`, `DIR`. */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** Said in the help text; the implementation applies it. */
  readonly defaultText?: string;
  /** Accepted, but not shown in the help text. */
  readonly hidden?: boolean;
}

export type Options = Readonly<Record<string, Option>>;

/** Positionals in their order; only the last may be variadic. */
export interface Positional {
  readonly describe: string;
  readonly required?: boolean;
  readonly variadic?: boolean;
}

export type Positionals = Readonly<Record<string, Positional>>;

type ValueOf<O extends Option> = O["type"] extends "boolean"
  ? boolean
  : O["type"] extends "strings"
    ? readonly string[]
    : O["type"] extends "integer"
      ? Integer | undefined
      : O["type"] extends "number"
        ? number | undefined
        : O["choices"] extends readonly (infer Choice)[]
          ? Choice | undefined
          : string | undefined;

type PositionalValueOf<P extends Positional> = P["variadic"] extends true
  ? readonly string[]
  : P["required"] extends true
    ? string
    : string | undefined;

/** The parsed arguments of a command with options `O` and positionals `P`. */
export type ArgumentsOf<O extends Options, P extends Positionals = Record<never, never>> = {
  readonly [K in keyof O]: ValueOf<O[K]>;
} & { readonly [K in keyof P]: PositionalValueOf<P[K]> };

export interface Example {
  readonly line: string;
  readonly describe: string;
}

export interface CommandSpec<O extends Options, P extends Positionals> {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Starts with an imperative; no full stop. */
  readonly describe: string;
  /** Paragraphs shown below the options in the help text. */
  readonly details?: string;
  readonly options?: O;
  readonly positionals?: P;
  readonly examples?: readonly Example[];
  readonly subcommands?: readonly Command[];
  /** Plain lines are parsed without yargs; see cli/hot for those that also have a bundle of their own. */
  readonly hot?: boolean;
  /** The first positional ends the options: it and all that follows is a command line of its own (`context.tail`). */
  readonly takesCommandLine?: boolean;
  /** What follows `--` is a command line (`context.tail`), beside the command's own positionals. */
  readonly takesCommandAfterDashes?: boolean;
  readonly hidden?: boolean;
  /** Imports the implementation. Absent for a mere group of subcommands. */
  readonly load?: () => Promise<Implementation<ArgumentsOf<O, P>>>;
}

export type Implementation<A> = (context: CommandContext, args: A) => Promise<void> | void;

/** A command whose argument types are checked already (see {@link defineCommand}). */
export interface Command extends Omit<CommandSpec<Options, Positionals>, "load"> {
  readonly load?: () => Promise<Implementation<never>>;
}

/** Ties the types of a command's options to its implementation, then forgets them. */
export function defineCommand<
  O extends Options = Record<never, never>,
  P extends Positionals = Record<never, never>,
>(spec: CommandSpec<O, P>): Command {
  return spec;
}

/** A command without its implementation, which {@link implement} adds: hot bundles hold it, others import it late. */
export type Signature<O extends Options, P extends Positionals> = Omit<CommandSpec<O, P>, "load">;

/** Keeps the types of the options for {@link implement}. */
export function defineSignature<
  O extends Options = Record<never, never>,
  P extends Positionals = Record<never, never>,
>(signature: Signature<O, P>): Signature<O, P> {
  return signature;
}

export function implement<O extends Options, P extends Positionals>(
  signature: Signature<O, P>,
  load: () => Promise<Implementation<ArgumentsOf<O, P>>>,
): Command {
  return { ...signature, load };
}
