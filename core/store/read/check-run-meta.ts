import type { RunMeta } from "../../../store-format/index.js";
import { META } from "../layout.js";
import { type OnDamage, report } from "./damages.js";
import type { RunLocation } from "./located.js";

/** Reports what a meta.yaml that could be read lacks, and where it contradicts the directories around it. */
export function checkRunMeta(run: RunLocation, meta: RunMeta, onDamage: OnDamage): void {
  const name = META;
  if (meta.missing !== undefined) {
    report(onDamage, run, "run_meta_incomplete", { name, reason: `lacks ${meta.missing.join(", ")}` });
  }
  if (meta.runId !== run.runId) {
    const reason = `says run ${JSON.stringify(meta.runId)}; the name of the directory counts`;
    report(onDamage, run, "run_id_mismatch", { name, reason });
  }
  if (meta.experimentId !== run.experimentId) {
    const reason = `says experiment ${JSON.stringify(meta.experimentId)}; the name of the directory counts`;
    report(onDamage, run, "run_experiment_mismatch", { name, reason });
  }
}
