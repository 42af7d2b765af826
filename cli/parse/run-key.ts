import { usageError } from "./usage-error.js";

/** `--run-key`, as given. Throws USAGE for an empty one: every job would find the same run. */
export function readRunKey(args: { readonly "run-key": string | undefined }): string | undefined {
  const key = args["run-key"];
  if (key === "") throw usageError("--run-key is empty", "Is the variable set that should hold the key?");
  return key;
}
