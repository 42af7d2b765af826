import { defineCommand } from "../command.js";

export const doctor = defineCommand({
  name: "doctor",
  describe: "Check what Runstone finds here: disk, Git, Python, store",
  details:
    "In a workspace a few small files are written below .runstone/ to see what the disk can, and removed. The exit code is 1 when something must be mended.",
  load: async () => (await import("./doctor.run.js")).runDoctor,
});
