/** One step of a user on a group's disk. Arguments: workspace, step, run id, key. */
import { fsck, initWorkspace, openFileStore } from "../../core/index.js";
import { isRunstoneError } from "../../store-format/index.js";

const [workspace = "", step = "", runId = "", key = ""] = process.argv.slice(2);

if (step === "create") initWorkspace(workspace);
const store = openFileStore({ cwd: workspace });
if (step === "create") process.stdout.write((await store.createRun({ experimentId: "0" })).info.runId);
if (step === "log") {
  const writer = await store.openRun(runId);
  writer.logMetrics([{ key: "loss", value: 1, step: 0, timestamp: 1 }]);
  writer.logParams({ [key]: "1" });
  writer.logArtifactBytes(`${key}.txt`, Buffer.from("same content"));
  await writer.close();
}
if (step === "end") await (await store.openRun(runId)).end({ status: "FINISHED" });
if (step === "tag") await store.setTags(runId, { edited: "yes" });
if (step === "read") {
  const run = await store.getRun(runId);
  process.stdout.write(
    `${run.info.status} ${Object.keys(run.params).sort().join(",")} ${run.tags.edited === "yes" ? "edited" : "no"}`,
  );
}
if (step === "fsck")
  process.stdout.write(
    String(fsck(store.context).damages.filter(({ severity }) => severity !== "note").length),
  );
if (step === "refused") {
  try {
    await store.setTags(runId, { a: "1" });
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    process.stdout.write(error.code);
  }
}
