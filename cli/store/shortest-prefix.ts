/** Characters of an id that a prefix needs at least: shorter words are names. */
export const SHORTEST_PREFIX = 4;
