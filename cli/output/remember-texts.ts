/**
 * `escapeText`, with the last text of each column kept: in a long table most texts (ids, names, keys) are those of the row
 * before.
 */
export function rememberTexts(
  escapeText: (text: string) => string,
): (column: number, text: string) => string {
  const last: string[] = [];
  const escaped: string[] = [];
  return (column, text) => {
    if (last[column] !== text) {
      escaped[column] = escapeText(text);
      last[column] = text;
    }
    return escaped[column]!;
  };
}
