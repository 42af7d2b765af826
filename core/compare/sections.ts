/** The parts of a comparison. Imports nothing. */
export const TEXT_SECTIONS = ["params", "code", "tags", "environment", "packages", "datasets"] as const;
export type TextSection = (typeof TEXT_SECTIONS)[number];
export const COMPARED_SECTIONS = ["metrics", ...TEXT_SECTIONS, "artifacts"] as const;
export type ComparedSection = (typeof COMPARED_SECTIONS)[number];
