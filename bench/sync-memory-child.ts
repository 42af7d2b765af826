/** A push whose peak memory is measured. Arguments: the workspace, the server's address. Prints its peak in KiB. */
import { openContext } from "../core/store/open-context.js";
import { DEFAULT_HTTP_SETTINGS, HttpClient } from "../sync/http/index.js";
import { push } from "../sync/mlflow/push.js";
import { openRemoteState } from "../sync/state/index.js";

const [directory = "", url = ""] = process.argv.slice(2);

if (url !== "") {
  const context = openContext({ cwd: directory });
  const state = openRemoteState(context, "lab");
  const http = new HttpClient({ ...DEFAULT_HTTP_SETTINGS, url });
  const experiments = { map: new Map<string, string>(), prefix: "", restore: false };
  const report = await push(
    { context, http, state },
    {
      ...{ jobs: 4, withArtifacts: true, includeDeleted: false, hash: "none" },
      ...{ experiments, commitReceipts: false },
    },
  );
  await http.close();
  state.close();
  const first = report.outcomes.find(({ result }) => result !== "done");
  if (first !== undefined) throw first.error ?? new Error(`run ${first.runId}: ${first.result}`);
}
process.stdout.write(String(process.resourceUsage().maxRSS));
