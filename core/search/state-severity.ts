/** Which of several states says most of a job of several ranks. */

/** The worst last: a lost rank is worse than one whose failure is known. */
const BY_SEVERITY: readonly string[] = [
  "FINISHED",
  "SCHEDULED",
  "RUNNING",
  "KILLED",
  "FAILED",
  "LOST",
  "DAMAGED",
];

/** The one with the worst state; of equal ones the first. `of` gives null for a run whose meta.yaml cannot be read. */
export function withWorstState<T>(items: readonly [T, ...T[]], of: (item: T) => string | null): T {
  const severity = (item: T) => BY_SEVERITY.indexOf(of(item) ?? "DAMAGED");
  const [first, ...others] = items;
  return others.reduce((worst, one) => (severity(one) > severity(worst) ? one : worst), first);
}
