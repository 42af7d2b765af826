/** Taking over stores that were committed by hand. */
export { type AdoptOptions, adopt } from "./adopt.js";
export { type AdoptInGitOptions, adoptInGit } from "./adopt-in-git.js";
export type { AdoptChange, AdoptReport, LeftAlone } from "./change.js";
