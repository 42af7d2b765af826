/** The server that `--store` names, for the time of a command. */
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { RunstoneError } from "../../store-format/index.js";
import { withoutSecrets } from "../../sync/http/target.js";
import { RestStore, serverSettings } from "../../sync/rest/index.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { tellWaits } from "../sync/tell-waits.js";
import { serverOf } from "./address.js";

/** Throws UNSUPPORTED when other stores are named beside it, INVALID_PARAMETER_VALUE for an address that cannot be used. */
export async function withServer<T>(
  context: CommandContext,
  use: (store: RestStore) => Promise<T>,
): Promise<T> {
  const uri = serverOf(context.stores, context.env) ?? "";
  if (context.stores.length > 1)
    throw new RunstoneError(
      "UNSUPPORTED",
      `${visible(withoutSecrets(uri))} cannot be searched together with other stores`,
      {
        hint: "Give it alone.",
      },
    );
  const settings = serverSettings(uri, { env: context.env, home: homedir(), interactive: true });
  if (settings.insecureTls)
    context.err.line(
      "runstone: the server's certificate is not checked: anybody on the way can read and change what is sent",
    );
  const spoolDirectory = join(tmpdir(), `runstone-unsent-${process.getuid?.() ?? ""}`);
  const store = new RestStore(settings, { spoolDirectory, now: context.now, onWait: tellWaits(context) });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
