/** The version of this release; put in by the bundler (scripts/bundle.mjs). */
declare const __RUNSTONE_VERSION__: string | undefined;

export const VERSION: string =
  typeof __RUNSTONE_VERSION__ === "string" ? __RUNSTONE_VERSION__ : "0.0.0-source";
