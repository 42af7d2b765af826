/** How many transfers go beside each other. */
import type { Integer } from "../../store-format/index.js";
import type { OpenedRemote } from "../../sync/remotes/index.js";
import { usageError } from "../parse/usage-error.js";

const USUAL_JOBS = 4;
const MOST_JOBS = 64;

/** What the command line says, else the remote's setting, else the usual. */
export function jobsFor(jobs: Integer | undefined, { settings }: OpenedRemote): number {
  if (jobs === undefined) return settings.jobs ?? USUAL_JOBS;
  if (jobs >= 1 && jobs <= MOST_JOBS) return Number(jobs);
  throw usageError(`--jobs must be from 1 to ${MOST_JOBS}`);
}
