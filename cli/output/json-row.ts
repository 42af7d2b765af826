import { type CellValue, cellValue } from "./cell.js";
import { serializeJson } from "./json.js";

/** One object with the columns in their order, whatever their names are. */
export function jsonRow(keys: readonly string[], cells: readonly CellValue[]): string {
  const members = keys.map(
    (key, index) => `${serializeJson(key)}:${serializeJson(cellValue(cells[index]!))}`,
  );
  return `{${members.join(",")}}`;
}
