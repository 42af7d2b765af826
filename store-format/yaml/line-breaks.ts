/** YAML 1.1's line breaks: LF, CR, CR LF, NEL, LS and PS. */
export function isBreak(code: number): boolean {
  return code === 10 || code === 13 || code === 0x85 || code === 0x2028 || code === 0x2029;
}

/** White space within a line. */
export function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** A blank, a break or the end of the text (`charCodeAt` beyond the end is NaN). */
export function isBlankOrBreakOrEnd(code: number): boolean {
  return isBlank(code) || isBreak(code) || Number.isNaN(code);
}

/** What PyYAML refuses to read anywhere in a file. */
export const UNPRINTABLE = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
