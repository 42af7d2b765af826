/**
 * Looking through what would become part of a snapshot. Stricter than redaction of logs, where a value too many is cheap:
 * here a whole file stays out, and the snapshot is incomplete. So a name that says "secret" is not enough, its value has to
 * look like one; and a string of high entropy counts only in code and settings, not in tables of hashes.
 */
import { findSecrets } from "../../capture/secret-rules.js";
import { isHighEntropy, isLikelySecret } from "./entropy.js";

export interface Suspicion {
  readonly rule: string;
  /** The lines that show it, as latin1 (UTF-16 files: decoded). One that HEAD does not have makes it count. */
  readonly lines: readonly string[];
}

const KEY_BEGIN = /-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----/g;
/** A key has fewer lines. */
const MAX_KEY_LENGTH = 32 * 1024;

/** What of `bytes` looks like a secret. `path` decides whether strings of high entropy count. */
export function findSuspicions(bytes: Buffer, path: string): readonly Suspicion[] {
  const text = textOf(bytes);
  const isText = !text.slice(0, 8000).includes("\0");
  const found = privateKeys(text);
  const withEntropy = isText && !isTableOfHashes(path);
  for (const line of linesOf(text)) {
    const rule = ruleOfLine(line, isText) ?? (withEntropy && hasHighEntropy(line) ? "high_entropy" : null);
    if (rule !== null) found.push({ rule, lines: [line] });
  }
  return found;
}

/** The rule of the first suspicion in a line that `head` does not have; null: none is new. */
export function newSecret(suspicions: readonly Suspicion[], head: Buffer | null): string | null {
  const known = head === null ? new Set<string>() : new Set(linesOf(textOf(head)));
  return suspicions.find(({ lines }) => lines.some((line) => !known.has(line)))?.rule ?? null;
}

/** UTF-16 by its mark (as PowerShell writes it); else bytes. */
function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString("utf16le", 2);
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString("utf16le", 2);
  return bytes.toString("latin1");
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n|\r/);
}

/** A line that only mentions how a key begins has no key behind it. */
function privateKeys(text: string): Suspicion[] {
  return Array.from(text.matchAll(KEY_BEGIN), ({ index, 0: begin }) => {
    const rest = text.slice(index + begin.length, index + MAX_KEY_LENGTH);
    const end = rest.indexOf("-----END");
    const body = end === -1 ? rest.slice(0, 4096) : rest.slice(0, end);
    const lines = linesOf(body).filter((line) => /[A-Za-z0-9+/=]{32,}/.test(line));
    return { rule: "private_key", lines };
  }).filter(({ lines }) => lines.length > 0);
}

/** Other scanners' word for "this is no secret". */
const ALLOWED = /gitleaks:allow|pragma: ?allowlist secret/i;

function ruleOfLine(line: string, isText: boolean): string | null {
  const spans = findSecrets(line);
  if (spans.length === 0 || ALLOWED.test(line)) return null;
  const span = spans.find(({ rule, start, end }) => {
    const value = line.slice(start, end);
    if (rule === "named_value") return isText && isLikelySecret(value, { quoted: isQuote(line, start - 1) });
    if (rule === "url_userinfo") return isText && isLikelyUserInfo(value);
    return true;
  });
  return span?.rule ?? null;
}

function isQuote(line: string, at: number): boolean {
  return /["'`]/.test(line.charAt(at));
}

/** `user:password` of examples is no secret. */
function isLikelyUserInfo(userInfo: string): boolean {
  const colon = userInfo.indexOf(":");
  const password = userInfo.slice(colon + 1);
  if (/[{}$<>*%()\\|+]|\.\.\./.test(password)) return false;
  if (colon === -1) return isHighEntropy(password) || (password.length >= 20 && /\d/.test(password));
  return isLikelySecret(password, { quoted: true });
}

/** A value in quotes, or what stands alone behind `=` or `:` up to the end of the line. */
const STRINGS = /(["'`])([A-Za-z0-9+/=_~-]{20,128})\1|[=:][ \t]{0,4}([A-Za-z0-9+/=_~-]{20,128})[ \t]*$/g;

function hasHighEntropy(line: string): boolean {
  // Data: the lines of source are shorter.
  if (line.length < 22 || line.length > 2000 || IS_DIGEST.test(line) || ALLOWED.test(line)) return false;
  for (const match of line.matchAll(STRINGS)) if (isHighEntropy(match[2] ?? match[3] ?? "")) return true;
  return false;
}

const IS_DIGEST =
  /sha(?:1|224|256|384|512)|md5|blake|integrity|checksum|digest|fingerprint|etag|ssh-(?:rsa|ed25519)|;base64|public.?key|signature/i;

/** Lock files, tables, drawings and generated code: full of hashes, and of no credentials. */
function isTableOfHashes(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (
    /\.(?:lock|lockb|sum|csv|tsv|jsonl|ndjson|svg|map|ipynb_checkpoints|patch|diff|pb|snap|woff|crt|cer|asc|pub)$/.test(
      name,
    )
  )
    return true;
  if (/\.min\.(?:m?js|css)$/.test(name)) return true;
  return /(?:^|[-_.])lock\.(?:json|ya?ml|toml)$|^(?:npm-shrinkwrap\.json|go\.sum|conda-lock\.yml|record|manifest\.yaml)$/.test(
    name,
  );
}
