/** A stretch of a text that must not be stored, `end` exclusive, and the rule that found it. */
export interface SecretSpan {
  readonly start: number;
  readonly end: number;
  /** Where the text begins that gives it away: its name, or the secret itself. */
  readonly from: number;
  readonly rule: string;
}

interface TokenRule {
  readonly rule: string;
  readonly pattern: RegExp;
}

/** Token characters: a known prefix counts only where no such character stands before it (`task-...` is no `sk-...`). */
const AT_START = "(?<![A-Za-z0-9_-])";

/**
 * Formats of tokens that their issuers document. Linear on any input: each pattern starts with a literal, cannot start
 * inside a run it already scanned (the look-behind) or is bounded in length.
 */
const TOKEN_RULES: readonly TokenRule[] = [
  token("aws_access_key", "(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
  token("github_token", "(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})"),
  token("gitlab_token", "gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|rtr)-[A-Za-z0-9_.-]{20,300}"),
  token("slack_token", "(?:xox[abceoprs]|xapp)-[A-Za-z0-9-]{10,300}"),
  token("openai_key", "sk-(?=[A-Za-z_-]{0,200}[0-9])[A-Za-z0-9_-]{20,300}"),
  token("stripe_key", "[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}"),
  token("huggingface_token", "(?:hf_[A-Za-z0-9]{30,100}|api_org_[A-Za-z0-9]{30,100})"),
  token("google_key", "(?:AIza[0-9A-Za-z_-]{35}|ya29\\.[0-9A-Za-z_-]{20,2048}|GOCSPX-[0-9A-Za-z_-]{28})"),
  token("jwt", "eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*"),
  token("npm_token", "npm_[A-Za-z0-9]{36}"),
  token("pypi_token", "pypi-[A-Za-z0-9_-]{50,1000}"),
  token("databricks_token", "dapi[0-9a-f]{32}"),
  token("docker_token", "dckr_pat_[A-Za-z0-9_-]{20,100}"),
  token("bearer", "[Bb]earer[ \\t]{1,4}(?=[A-Za-z._~+/=-]{0,200}[0-9])[A-Za-z0-9._~+/=-]{16,4096}"),
  token("azure_key", "(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=]{40,200}"),
  { rule: "slack_webhook", pattern: /hooks\.slack\.com\/services\/[A-Za-z0-9/]{20,100}/g },
  {
    rule: "signed_url",
    pattern: /[?&](?:X-Amz-Signature|X-Goog-Signature|sig)=[A-Za-z0-9%+/=_-]{16,1024}/gi,
  },
];

function token(rule: string, body: string): TokenRule {
  return { rule, pattern: new RegExp(AT_START + body, "g") };
}

/** One cheap look that lets almost every line of a log pass without a scan. */
const TRIGGER =
  /:\/\/|A[KSBC][ICR]A|gh[pousr]_|github_pat|gl[a-z]{2,5}-|xox|xapp-|sk-|[sr]k_|hf_|api_org|AIza|ya29|GOCSPX|eyJ|npm_|pypi-|dapi|dckr|earer|hooks\.slack|Key=|sig|token|secret|passw|passphrase|api.?key|access.?key|private.?key|authorization|credential/i;

/** The secrets of one line (or of a piece of one), ordered, never overlapping. Private keys are the caller's: they span lines. */
export function findSecrets(line: string): readonly SecretSpan[] {
  if (!TRIGGER.test(line)) return [];
  return mergeSpans([...findUserInfo(line), ...findTokens(line), ...findNamedValues(line)]);
}

function findTokens(line: string): SecretSpan[] {
  return TOKEN_RULES.flatMap(({ rule, pattern }) =>
    Array.from(line.matchAll(pattern), ({ index, 0: { length } }) => ({
      start: index,
      end: index + length,
      from: index,
      rule,
    })),
  );
}

/** User info of URLs. A lone user name of an ssh URL (`ssh://git@host`) is an address, not a secret. */
function findUserInfo(line: string): SecretSpan[] {
  const spans: SecretSpan[] = [];
  for (const match of line.matchAll(/:\/\/([^\s/?#"'<>]*)@/g)) {
    const userInfo = match[1] ?? "";
    const start = match.index + 3;
    const ssh = line.slice(Math.max(0, match.index - 3), match.index).toLowerCase() === "ssh";
    if (userInfo === "" || isRedacted(userInfo) || (ssh && !userInfo.includes(":"))) continue;
    spans.push({ start, end: start + userInfo.length, from: start - 3, rule: "url_userinfo" });
  }
  return spans;
}

const SECRET_WORD =
  /tokens?|secrets?|passwords?|passwd|passphrase|api[_.-]?keys?|access[_.-]?keys?|secret[_.-]?keys?|private[_.-]?keys?|authorization|credentials?/gi;

/** Values that stand behind a name that says "secret": `name=value`, `name: value`, `"name": "value"`, `--name value`. */
function findNamedValues(line: string): SecretSpan[] {
  const spans: SecretSpan[] = [];
  let done = 0;
  for (const match of line.matchAll(SECRET_WORD)) {
    const end = match.index + match[0].length;
    if (match.index < done || isNameChar(line, end)) continue;
    const start = nameStart(line, match.index);
    if (line.endsWith("[redacted:", start) || !isSecretName(line.slice(start, end))) continue;
    const value = valueAfter(line, { start, end });
    if (value === null) continue;
    spans.push({ ...value, from: start, rule: "named_value" });
    done = value.end;
  }
  return spans;
}

/** Names of the vocabulary of language models, where "token" is a word of the trade. */
const MODEL_WORDS =
  /(?:^|[_.-])(?:pad|eos|bos|sep|cls|mask|unk|special|start|end|stop|next|first|last|per|image|video|audio|decoder|new|prev|single|each|sub|num|n|max|min|think)[_.-]?token$/i;

/**
 * Whether a name names a secret: its last word does (`HF_TOKEN`, `dbPassword`, `api-key`), and it is no word of the
 * trade (`pad_token`, `max_tokens`, `tokenizer`).
 */
export function isSecretName(name: string): boolean {
  if (!/(?:token|secrets?|passwords?|passwd|passphrase|keys?|authorization|credentials?)$/i.test(name))
    return false;
  if (/(?:^|[^a-z])keys?$/i.test(name) && !/(?:api|access|secret|private)[_.-]?keys?$/i.test(name))
    return false;
  if (/[a-z]key$/.test(name) && !/(?:api|access|secret|private)key$/i.test(name)) return false;
  return !MODEL_WORDS.test(name);
}

const MAX_NAME = 128;

function nameStart(line: string, from: number): number {
  let start = from;
  while (start > 0 && from - start < MAX_NAME && isNameChar(line, start - 1)) start -= 1;
  return start;
}

function isNameChar(line: string, at: number): boolean {
  return /[\w.-]/.test(line.charAt(at));
}

interface NameRange {
  readonly start: number;
  readonly end: number;
}

/** The value that belongs to a name, or null when the text only mentions the name. */
function valueAfter(line: string, name: NameRange): { start: number; end: number } | null {
  const rest = line.slice(name.end, name.end + 64);
  const separator =
    /^\\?["']?\]?[ \t]{0,16}(?::=|=>|={1,2}|:)[ \t]{0,16}/.exec(rest) ?? flagSeparator(line, name);
  if (separator === null) return null;
  const start = name.end + separator[0].length;
  const value = readValue(line, start);
  return value === null || isHarmless(line.slice(value.start, value.end), line.slice(name.start, name.end))
    ? null
    : value;
}

/** `--token VALUE`: only an option takes its value from behind a blank. */
function flagSeparator(line: string, { start, end }: NameRange): RegExpExecArray | null {
  const rest = line.slice(end, end + 16);
  return line.startsWith("--", start) ? /^["']?,?[ \t]{1,8}(?!-)/.exec(rest) : null;
}

function readValue(line: string, at: number): { start: number; end: number } | null {
  const quoted = /^[bruf]{0,2}(\\?["'`])/i.exec(line.slice(at, at + 4));
  if (quoted) return readQuoted(line, at + quoted[0].length, quoted[1] ?? '"');
  const scheme = /^(?:bearer|basic|token|digest|apikey|negotiate)[ \t]{1,8}/i.exec(line.slice(at, at + 24));
  const from = at + (scheme ? scheme[0].length : 0);
  const end = from + runLength(line, from);
  return end === from ? null : { start: from, end };
}

/** Up to the same quote again (`\"` inside JSON inside JSON), or the end of the line. */
function readQuoted(line: string, start: number, quote: string): { start: number; end: number } | null {
  let end = start;
  while (end < line.length && !line.startsWith(quote, end)) end += line.charAt(end) === "\\" ? 2 : 1;
  const stop = Math.min(end, line.length);
  return stop === start ? null : { start, end: stop };
}

function runLength(line: string, from: number): number {
  let end = from;
  while (end < line.length && !/[\s,;&"'`]/.test(line.charAt(end))) end += 1;
  return end - from;
}

/** References and code that say where a secret comes from, not what it is. Whole values only: `$3cret` is a password. */
const REFERENCE =
  /^(?:\$\{.*\}?|\$\(.*|\$[A-Z_][A-Z0-9_]*|%\w+%|\$?\{\{(?:.*\}\})?|<[\w -]+>|(?:os|sys|self|this|args|cfg|config|settings|opts|options|process\.env)[.[].*|(?:getenv|getpass|input|str|get_\w+)\(.*)$/;
const LITERAL = /^(?:none|null|undefined|nil|true|false|str|string|optional|\*+|\.\.\.|x{3,})[)\]},.;:]*$/i;
/** `"credentials": {`: what is inside has names of its own. */
const OPENING = /^[{([\])}]+$/;

function isHarmless(value: string, name: string): boolean {
  if (isRedacted(value) || LITERAL.test(value) || REFERENCE.test(value) || OPENING.test(value)) return true;
  return isCount(value, name);
}

/** "loss per token: 0.5": a short number is no token, but may well be a password. */
export function isCount(value: string, name: string): boolean {
  return /token$/i.test(name) && /^[-+]?[\d.]{1,9}(?:e[-+]?\d+)?[)\]},]*$/i.test(value);
}

function isRedacted(value: string): boolean {
  return value.startsWith("[redacted:");
}

function mergeSpans(spans: readonly SecretSpan[]): readonly SecretSpan[] {
  const merged: SecretSpan[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) merged.push(span);
    else if (span.end > last.end) merged[merged.length - 1] = { ...last, end: span.end };
  }
  return merged;
}
