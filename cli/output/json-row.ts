import { type CellValue, cellValue } from "./cell.js";
import { serializeJson } from "./json.js";
import { rememberTexts } from "./remember-texts.js";

/** Makes one object a row, with the columns in their order, whatever their names are. */
export function jsonRows(keys: readonly string[]): (cells: readonly CellValue[]) => string {
  const heads = keys.map((key, index) => `${index === 0 ? "{" : ","}${serializeJson(key)}:`);
  const remembered = rememberTexts(serializeJson);
  return (cells) => {
    let object = keys.length === 0 ? "{" : "";
    for (let index = 0; index < heads.length; index += 1) {
      const value = cellValue(cells[index]!);
      object += heads[index]! + (typeof value === "string" ? remembered(index, value) : serializeJson(value));
    }
    return `${object}}`;
  };
}
