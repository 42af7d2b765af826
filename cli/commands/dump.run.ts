import { serializeDumpObject } from "../../core/dump/dump-object.js";
import { dumpStore } from "../../core/dump/dump-store.js";
import type { CommandContext } from "../context.js";
import { openStoreQuietly } from "../store/open-store.js";

export async function runDump(context: CommandContext): Promise<void> {
  const { store } = openStoreQuietly(context);
  for (const object of dumpStore(store.context)) context.out.line(serializeDumpObject(object));
}
