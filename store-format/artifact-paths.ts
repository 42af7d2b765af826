import { RunstoneError } from "./errors.js";
import { windowsProblem } from "./keys.js";
import { MAX_ARTIFACT_PATH_BYTES, MAX_COMPONENT_BYTES } from "./limits.js";
import { isWellFormedText, utf8Length } from "./text.js";

/**
 * What may be asked for or written as the path of an artifact, already decoded once: relative, `/` between components,
 * none of them empty, `.`, `..`, a Windows device or ending in a dot or blank; no `\`, `:`, leading `~`, control
 * characters, or what a second decoding would change. Throws INVALID_PARAMETER_VALUE.
 */
export function checkArtifactPath(path: string): void {
  const reason = artifactPathProblem(path);
  if (reason === undefined) return;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `${JSON.stringify(path.slice(0, 200))} is no artifact path: it ${reason}`,
    {
      hint: "Give a path relative to the run's artifacts, such as plots/roc.png.",
      data: { path: path.slice(0, MAX_ARTIFACT_PATH_BYTES), reason },
    },
  );
}

function artifactPathProblem(path: string): string | undefined {
  if (path === "") return "is empty";
  if (utf8Length(path) > MAX_ARTIFACT_PATH_BYTES) return `is longer than ${MAX_ARTIFACT_PATH_BYTES} bytes`;
  if (/\p{Cc}/u.test(path) || !isWellFormedText(path)) return "holds a control character";
  if (path.startsWith("/")) return "is absolute";
  if (path.startsWith("~")) return "begins with ~";
  if (path.includes("\\")) return "holds a backslash";
  if (/%[0-9A-Fa-f]{2}/.test(path)) return "holds a percent-encoded character";
  const components = path.split("/");
  if (components.some((part) => part === "" || part === "." || part === ".."))
    return "has an empty, . or .. component";
  if (components.some((part) => part.startsWith(".artifact.uploading.")))
    return "has a component that MLflow reserves";
  if (components.some((part) => utf8Length(part) > MAX_COMPONENT_BYTES)) {
    return `has a component longer than ${MAX_COMPONENT_BYTES} bytes`;
  }
  return windowsProblem(path);
}

/**
 * The weaker rule for paths found in a store or manifest: relative, without a component that leads out on any system.
 * Names that only {@link checkArtifactPath} refuses can be shown and read.
 */
export function isContainedPath(path: string): boolean {
  if (path === "" || path.includes("\0") || path.startsWith("/") || /^(?:[A-Za-z]:|\\)/.test(path))
    return false;
  if (path.split("/").some((part) => part === "" || part === ".")) return false;
  return !path.split(/[/\\]/).includes("..");
}
