import { RunstoneError } from "./errors.js";
import { MAX_ALIAS_LENGTH, MAX_COMPONENT_BYTES, MAX_EXPERIMENT_NAME_LENGTH } from "./limits.js";
import { codePointLength, isWellFormedText, utf8Length } from "./text.js";

/** Python's `\w`: letters and numbers of any script and `_`, no combining marks. */
const WORD = "\\p{L}\\p{N}_";
const EXPERIMENT_ID = new RegExp(`^[A-Za-z0-9][${WORD}-]{0,63}$`, "u");
const RUN_ID = new RegExp(`^[A-Za-z0-9][${WORD}-]{0,255}$`, "u");
const ALIAS = new RegExp(`^[${WORD}-]+$`, "u");
const CONTROL = /\p{Cc}/u;
/** Directories of an experiment that are never runs. */
const RESERVED_IN_EXPERIMENT = ["tags", "datasets", "traces", "models"];

/** May be the id of an experiment, as MLflow checks it. `models` is the registry. */
export function isExperimentId(id: string): boolean {
  return EXPERIMENT_ID.test(id) && id !== "models";
}

/** May be the id of a run, as MLflow checks it; the reserved directories of an experiment are none. */
export function isRunId(id: string): boolean {
  return RUN_ID.test(id) && !RESERVED_IN_EXPERIMENT.includes(id);
}

/** May be the id of a logged model: `m-` and 32 hex digits, or what a future MLflow puts there. */
export function isModelId(id: string): boolean {
  return id.startsWith("m-") && RUN_ID.test(id.slice(2));
}

/** May be the id of a trace: `tr-...`, in V2 also bare hex digits. */
export function isTraceId(id: string): boolean {
  return RUN_ID.test(id);
}

/**
 * Name of a new experiment: 1 to 500 characters, no control characters, and no apostrophe, because MLflow looks a name
 * up with the filter `name = '<name>'` and cannot find such a one. Reading takes any name.
 */
export function checkExperimentName(name: string): void {
  if (name.trim() === "") refuse("experiment name", name, "is empty", "Give the experiment a name.");
  checkText("experiment name", name);
  if (codePointLength(name) > MAX_EXPERIMENT_NAME_LENGTH) {
    refuse(
      "experiment name",
      name,
      `is longer than ${MAX_EXPERIMENT_NAME_LENGTH} characters`,
      "Choose a shorter name.",
    );
  }
  if (name.includes("'")) {
    refuse(
      "experiment name",
      name,
      "holds an apostrophe",
      "MLflow cannot look such a name up; leave the apostrophe out.",
    );
  }
}

/** Name of a registered model, which is the name of its directory. */
export function checkModelName(name: string): void {
  const what = "name of the registered model";
  if (name.trim() === "") refuse(what, name, "is empty", "Give the model a name.");
  checkText(what, name);
  if (/[/:\\%]/.test(name)) refuse(what, name, "holds one of / : \\ %", "Leave these characters out.");
  if (name === "." || name === "..") refuse(what, name, "means a directory", "Choose another name.");
  if (utf8Length(name) > MAX_COMPONENT_BYTES) {
    refuse(what, name, `is longer than ${MAX_COMPONENT_BYTES} bytes`, "Choose a shorter name.");
  }
}

/** Name of a logged model: not empty, none of `/ : . % " '`. */
export function checkLoggedModelName(name: string): void {
  const what = "name of the logged model";
  if (name === "") refuse(what, name, "is empty", "Give the model a name.");
  checkText(what, name);
  if (/[/:.%"']/.test(name)) refuse(what, name, "holds one of / : . % \" '", "Leave these characters out.");
}

/** Alias of a model version: letters, digits, `_`, `-`, at most 255, neither `latest` nor `v1`. */
export function checkAlias(alias: string): void {
  if (!ALIAS.test(alias))
    refuse("alias", alias, "is not made of letters, digits, _ and -", "Choose another alias.");
  if (codePointLength(alias) > MAX_ALIAS_LENGTH || utf8Length(alias) > MAX_COMPONENT_BYTES) {
    refuse("alias", alias, `is longer than ${MAX_ALIAS_LENGTH} characters`, "Choose a shorter alias.");
  }
  if (/^(?:latest|v[0-9]+)$/i.test(alias)) {
    refuse(
      "alias",
      alias,
      "has a meaning of its own",
      "`latest` and `v<number>` are reserved; choose another alias.",
    );
  }
}

function checkText(what: string, text: string): void {
  if (CONTROL.test(text) || !isWellFormedText(text)) {
    refuse(what, text, "holds a control character", "Leave line breaks and control characters out.");
  }
}

function refuse(what: string, name: string, reason: string, hint: string): never {
  const shown = JSON.stringify(codePointLength(name) > 60 ? `${name.slice(0, 60)}...` : name);
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `The ${what} ${shown} ${reason}`, {
    hint,
    data: { name, reason },
  });
}
