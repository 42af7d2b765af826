/** Results as lines of a Markdown table, printed as they come. */

export interface Row {
  readonly scenario: string;
  readonly size: string;
  readonly result: string;
  readonly baseline: string;
  readonly ratio: string;
  readonly bar: string;
  /** Null where there is no bar. */
  readonly met: boolean | null;
}

export function printHeader(): void {
  console.log("| Scenario | Size | Runstone | Baseline | Ratio | Bar | Met |");
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
}

export function printRow(row: Row): void {
  const met = row.met === null ? "" : row.met ? "yes" : "**no**";
  const cells = [row.scenario, row.size, row.result, row.baseline, row.ratio, row.bar, met];
  console.log(`| ${cells.join(" | ")} |`);
}

export function milliseconds(value: number): string {
  return value >= 100 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}

export function perSecond(count: number, ms: number): string {
  const rate = count / (ms / 1000);
  return rate >= 10_000 ? `${Math.round(rate / 1000)} k/s` : `${Math.round(rate)} /s`;
}
