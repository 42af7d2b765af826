/** While a server is waited for, somebody who sits before the terminal is told so, once. */
import type { HttpClientOptions } from "../../sync/http/index.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";

export function tellWaits({ err }: Pick<CommandContext, "err">): NonNullable<HttpClientOptions["onWait"]> {
  return ({ origin, error, mostMs }) => {
    const most = Math.max(1, Math.round(mostMs / 1_000));
    err.line(
      `runstone: ${visible(origin)} does not answer (${visible(error.message)}); trying again for up to ${most} s`,
    );
    err.flush();
  };
}
