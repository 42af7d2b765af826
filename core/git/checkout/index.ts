/** The code of a run, out of Git again. */
export { type CheckedOut, type CheckoutOptions, checkoutCommit } from "./checkout-commit.js";
export type { LargeFiles } from "./restore-large-files.js";
