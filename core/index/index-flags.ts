/** What a signature says of a run besides its two sums (`RunSignature.flags`). */

/** Sealed, and its status is final: in-place changes are looked for by the rolling slices only. */
export const SETTLED = 1;
/** Read again at the next query: an entry was young or unreadable, or what was read depends on more than files. */
export const UNSURE = 2;
/** More directories than those of the next three flags: they are found by listing. */
export const NESTED = 4;
export const HAS_METRICS = 8;
export const HAS_PARAMS = 16;
export const HAS_TAGS = 32;
/** It names datasets, which lie in the experiment. */
export const HAS_INPUTS = 64;
/** It has damage that counts. */
export const HAS_DAMAGE = 128;
/** Its status is final, and nobody has a claim on it: without a seal it settles when it was long left alone. */
export const ENDED = 256;
/** It has a meta.yaml, which is looked at as the directories are. */
export const HAS_META = 512;
export const MAX_FLAGS = 1023;
