/** What the tags of a run tell about: its code, where it ran, or whatever its people wrote. */
import type { StringMap } from "../../store-format/index.js";

export interface TagGroups {
  readonly code: StringMap;
  readonly environment: StringMap;
  /** All others but those that merely name the run. */
  readonly tags: StringMap;
}

/** Tags of code and environment by the short names under which they are compared. */
const CODE: Readonly<Record<string, string>> = {
  __proto__: null as never,
  "mlflow.source.name": "script",
  "mlflow.source.type": "source type",
  "mlflow.source.git.commit": "commit",
  "mlflow.source.git.branch": "branch",
  "mlflow.source.git.repoURL": "repository",
  "mlflow.source.git.dirty": "dirty",
  "runstone.command": "command",
  "runstone.options": "options",
};
const ENVIRONMENT: Readonly<Record<string, string>> = {
  __proto__: null as never,
  "mlflow.user": "user",
  "runstone.host": "host",
  "runstone.cwd": "cwd",
  "runstone.python": "python",
  "runstone.node": "node",
  "runstone.rank": "rank",
  "runstone.world_size": "world size",
};
const PREFIXES = [
  [/^runstone\.git\./, "code", "git "],
  [/^runstone\.slurm\./, "environment", "slurm "],
] as const;
/** They differ between any two runs, and say nothing else. */
const NAMES_OF_THE_RUN = /^mlflow\.(?:runName|rootRunId|log-model\.history)$/;

export function groupTags(tags: StringMap): TagGroups {
  const groups: Record<keyof TagGroups, Record<string, string>> = {
    code: Object.create(null),
    environment: Object.create(null),
    tags: Object.create(null),
  };
  for (const [key, value] of Object.entries(tags)) {
    const prefix = PREFIXES.find(([start]) => start.test(key));
    if (NAMES_OF_THE_RUN.test(key)) continue;
    else if (CODE[key] !== undefined) groups.code[CODE[key]] = value;
    else if (ENVIRONMENT[key] !== undefined) groups.environment[ENVIRONMENT[key]] = value;
    else if (prefix !== undefined) groups[prefix[1]][key.replace(prefix[0], prefix[2])] = value;
    else groups.tags[key] = value;
  }
  return groups;
}
