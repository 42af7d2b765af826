import type { CommandContext } from "../context.js";
import type { Check } from "../doctor/check.js";
import { checkDisk } from "../doctor/disk.js";
import { checkPrograms } from "../doctor/programs.js";
import { checkSpools } from "../doctor/spools.js";
import { checkStore } from "../doctor/store.js";
import { EXIT } from "../exit-codes.js";
import { printJsonArray } from "../output/print-json.js";
import { renderTable } from "../output/table.js";
import { visible } from "../output/visible.js";

export async function runDoctor(context: CommandContext): Promise<void> {
  const store = checkStore(context);
  const checks: readonly Check[] = [
    ...(await checkPrograms(context)),
    ...store.checks,
    ...(store.root === null ? [] : checkDisk(store.root, store.workspace)),
    ...checkSpools(context.env),
  ];
  if (checks.some((check) => check.level === "problem")) process.exitCode = EXIT.failure;
  if (context.json) return printJsonArray(context, checks);
  printChecks(context, checks);
}

function printChecks({ out, style }: CommandContext, checks: readonly Check[]): void {
  const rows = checks.map(({ level, name, found }) => [level, name, visible(found)]);
  const paints = { ok: style.green, note: style.yellow, problem: style.red } as const;
  const columns = [
    { title: "", paint: (padded: string, cell: string) => paints[cell as Check["level"]](padded) },
    { title: "" },
    { title: "" },
  ];
  const lines = renderTable(columns, rows, { header: false });
  checks.forEach(({ advice }, index) => {
    out.line(lines[index]!);
    if (advice !== undefined) out.line(`         ${style.dim(advice)}`);
  });
}
