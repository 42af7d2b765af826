import type { CatalogResult } from "./catalog-parties.js";
import { addCatalog } from "./catalog-report.js";
import { addMoved, ReportBuilder, type RunOutcome, type SyncReport } from "./report.js";

/** Two syncs one after the other as one. Of a run that was looked at twice, the later outcome counts. */
export function joinReports(before: SyncReport, report: SyncReport): SyncReport {
  const outcomes = new Map(before.outcomes.map((outcome) => [outcome.runId, outcome]));
  const builder = new ReportBuilder();
  // What was unchanged at last, but for runs that an earlier sync brought over.
  const isNews = ({ result }: RunOutcome): boolean => result !== "unchanged";
  const later = new Set(report.outcomes.filter(isNews).map(({ runId }) => runId));
  const onlyBefore = before.outcomes.filter((outcome) => isNews(outcome) && !later.has(outcome.runId));
  builder.addUnchanged(Math.max(0, report.counts.unchanged - onlyBefore.length));
  const lookedAt = new Set(report.outcomes.map(({ runId }) => runId));
  builder.addExcepted(before.excepted.filter((runId) => !lookedAt.has(runId)));
  for (const note of [...before.notes, ...report.notes]) builder.note(note);
  for (const outcome of report.outcomes.filter(isNews)) {
    const earlier = outcomes.get(outcome.runId);
    const moved = addMoved(outcome.moved, earlier?.moved ?? {});
    outcomes.set(outcome.runId, { ...outcome, moved });
  }
  for (const outcome of outcomes.values()) if (isNews(outcome)) builder.add(outcome);
  builder.addExcepted(report.excepted);
  const joined = builder.finish({
    remote: report.remote,
    requests: before.requests + report.requests,
    duration: before.duration + report.duration,
    interrupted: report.interrupted,
  });
  return {
    ...joined,
    incomplete: report.incomplete,
    catalog: addCatalog(before.catalog, report.catalog),
    catalogConflicts: report.catalogConflicts,
  };
}

/** A pull and the push after it as one. What the pull could not do of a run is not made good by pushing it. */
export function joinDirections(pulled: SyncReport, pushed: SyncReport): SyncReport {
  const open = pulled.outcomes.filter(({ result }) => result === "failed" || result === "conflict");
  const byId = new Map(open.map((outcome) => [outcome.runId, outcome]));
  const outcomes = pushed.outcomes.map((outcome) => {
    const earlier = outcome.result === "failed" ? undefined : byId.get(outcome.runId);
    return earlier === undefined ? outcome : { ...earlier, moved: outcome.moved };
  });
  return joinReports(pulled, { ...pushed, outcomes });
}

/** With what became of experiments and models. */
export function withCatalog<Report extends SyncReport>(report: Report, result: CatalogResult): Report {
  const builder = new ReportBuilder();
  for (const note of report.notes) builder.note(note);
  builder.addCatalog(result);
  const { notes, catalog, catalogConflicts, incomplete } = builder.finish(report);
  return { ...report, notes, catalog, catalogConflicts, incomplete: report.incomplete || incomplete };
}
