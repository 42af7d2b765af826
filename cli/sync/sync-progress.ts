/** What happens during a sync, on a terminal as one line that counts, with `--json` as lines of JSON. */
import type { Moved, SyncEvent } from "../../sync/index.js";
import type { CommandContext } from "../context.js";
import { serializeJson } from "../output/json.js";
import { formatBytes } from "../output/number.js";
import { ProgressLine } from "../output/progress-line.js";

export interface SyncProgress {
  tell(event: SyncEvent): void;
  clear(): void;
}

/** `verb`: `Pushing`. */
export function syncProgress(context: CommandContext, verb: string): SyncProgress {
  return context.json ? jsonLines(context) : countingLine(context, verb);
}

function jsonLines({ out }: CommandContext): SyncProgress {
  return {
    tell(event) {
      out.line(serializeJson(eventRecord(event)));
      out.flush();
    },
    clear: () => undefined,
  };
}

function eventRecord(event: SyncEvent): object {
  switch (event.type) {
    case "plan":
      return { event: "plan", runs: event.runs, unchanged: event.unchanged };
    case "begin":
      return { event: "begin", run_id: event.runId, run_name: event.runName };
    case "moved": {
      const { type, runId, ...moved } = event;
      return { event: type, run_id: runId, ...moved };
    }
    case "end":
      return { event: "end", run_id: event.outcome.runId, result: event.outcome.result };
    case "note":
      return { event: "note", message: event.message };
  }
}

function countingLine(context: CommandContext, verb: string): SyncProgress {
  const line = new ProgressLine(context, verb, "runs");
  let runs = 0;
  let ended = 0;
  let bytes = 0;
  const add = (moved: Moved): void => {
    bytes += moved.bytes ?? 0;
  };
  return {
    tell(event) {
      if (event.type === "plan") runs = event.runs;
      if (event.type === "end") ended += 1;
      if (event.type === "moved") add(event);
      line.say(`${verb} ${ended}/${runs} runs${bytes === 0 ? "" : `, ${formatBytes(bytes)} of artifacts`}`);
    },
    clear: () => line.clear(),
  };
}
