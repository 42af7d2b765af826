/**
 * Signals on their way to a child. What the terminal sends goes to the whole foreground group, the child included, and
 * is not sent again; what somebody sends to the wrapper alone is passed on.
 */
import { readFileSync, readlinkSync } from "node:fs";

const PASSED_ON = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
const BY_TERMINAL: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];

export interface SignalRelay {
  /** Every signal that came, whether passed on or sent to the group. */
  readonly received: ReadonlySet<NodeJS.Signals>;
  /** Gives the signals their default meaning back. */
  stop(): void;
}

export interface RelayOptions {
  /** Asked at each signal: the child may not have started yet. */
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ignoreHangup?: boolean;
}

/** Takes over the signals of this process until stopped. */
export function relaySignals({ kill, ignoreHangup = false }: RelayOptions): SignalRelay {
  const received = new Set<NodeJS.Signals>();
  const handlers = PASSED_ON.map((name) => {
    const handler = (): void => {
      if (name === "SIGHUP" && ignoreHangup) return;
      received.add(name);
      if (!(BY_TERMINAL.includes(name) && isInForeground())) kill(name);
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  return {
    received,
    stop: () => {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}

/** Whether this process belongs to the foreground group of its terminal: then Ctrl-C reaches its children, too. */
export function isInForeground(): boolean {
  const fields = readOwnStat();
  if (fields === null) return process.platform !== "win32" && process.stdin.isTTY === true;
  const [group, terminal, foreground] = [fields[2], fields[4], fields[5]];
  return terminal !== "0" && group === foreground;
}

/** Fields of `/proc/self/stat` from the third (state) on; null where there is none. */
function readOwnStat(): readonly string[] | null {
  try {
    const text = readFileSync("/proc/self/stat", "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/**
 * Whether `nohup` started this process: it opens `/dev/null` for writing as standard input. Node resets the ignored
 * SIGHUP at its start, so that nothing else is left to tell by.
 */
export function isUnderNohup(): boolean {
  try {
    if (readlinkSync("/proc/self/fd/0") !== "/dev/null") return false;
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync("/proc/self/fdinfo/0", "latin1"))?.[1] ?? "0";
    return (Number.parseInt(flags, 8) & 3) === 1;
  } catch {
    return false;
  }
}
