/** A report before it has a format. */

/** `better` and `worse` are told by a word, too: colours alone say nothing. */
export type Verdict = "better" | "worse" | "same";

export interface ReportCell {
  readonly text: string;
  readonly verdict?: Verdict;
  readonly isCode?: boolean;
}

export interface ReportTable {
  readonly title: string;
  readonly columns: readonly { readonly title: string; readonly isNumber?: boolean }[];
  readonly rows: readonly (readonly ReportCell[])[];
  /** Below the table; empty for none. */
  readonly note: string;
}

export interface ReportDocument {
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly tables: readonly ReportTable[];
}
