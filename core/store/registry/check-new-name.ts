import { checkModelName, isStrayEntry, RunstoneError, windowsProblem } from "../../../store-format/index.js";

/**
 * A name that a new registered model may have. It becomes the name of a directory that Git carries to every system:
 * beyond MLflow's rule it must not be hidden, not look like a stray file, and be one that Windows can hold.
 */
export function checkNewModelName(name: string): void {
  checkModelName(name);
  const reason = whyNot(name);
  if (reason === undefined) return;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `${JSON.stringify(name)} cannot name a registered model: it ${reason}`,
    {
      hint: "Use letters, digits, blanks, _ - and . inside the name.",
      data: { name, reason },
    },
  );
}

function whyNot(name: string): string | undefined {
  if (name.startsWith(".")) return "begins with a dot";
  if (isStrayEntry(name)) return "looks like a file that other tools leave behind";
  return windowsProblem(name);
}
