/** Tables in every format of `--format`: what a reader of each gets back, and what a hostile text cannot do. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import type { CommandContext } from "../../cli/context.js";
import type { CellValue, PlainValue } from "../../cli/output/cell.js";
import { csvLines, guardFormula, tsvLines } from "../../cli/output/delimited.js";
import { FORMATS, formatOfFile } from "../../cli/output/formats.js";
import { escapeLatex, latexLine } from "../../cli/output/latex.js";
import { escapeMarkdown, markdownLine } from "../../cli/output/markdown.js";
import { Output } from "../../cli/output/output.js";
import { printRows, type RowsToPrint } from "../../cli/output/print-rows.js";
import type { RowColumn } from "../../cli/output/row-column.js";
import { PLAIN } from "../../cli/output/style.js";
import { writeParquet } from "../../cli/output/write-parquet.js";
import { readFormat } from "../../cli/parse/format-options.js";
import { isRunstoneError } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

const text = fc.string({ unit: "binary" });
const hostile = fc.oneof(
  text,
  fc.string({
    unit: fc.constantFrom("=", "+", "-", "@", "'", '"', ",", "\t", "\n", "\r", "\\", " ", "a", "1"),
  }),
  fc.string({ unit: fc.constantFrom(..."|*_[]<>&`~$#%{}^\\-é日") }),
);

describe("CSV", () => {
  test("is RFC 4180 with CR LF, and knows the empty text from no value", () => {
    assert.equal(
      csvLines()(["a", "", null, 'say "hi"', "x,y", "two\nlines"]),
      'a,"",,"say ""hi""","x,y","two\nlines"\r\n',
    );
  });

  test("numbers keep every digit, NaN, infinities and the sign of zero", () => {
    assert.equal(
      csvLines()([0.1 + 0.2, 5e-324, Number.NaN, Infinity, -Infinity, -0, 2n ** 63n - 1n, true, -1.5]),
      "0.30000000000000004,5e-324,NaN,inf,-inf,-0,9223372036854775807,true,-1.5\r\n",
    );
  });

  test("every text comes back, and none is a formula", () => {
    fc.assert(
      fc.property(fc.array(fc.option(hostile), { minLength: 1, maxLength: 4 }), (cells) => {
        const [read] = readCsv(csvLines()(cells));
        assert.deepEqual(
          read!.map((cell) => (cell === null ? null : unguard(cell))),
          cells,
        );
        for (const cell of read!) assert.ok(cell === null || isHarmless(cell), cell ?? "");
      }),
    );
  });

  test("a number that is stored as text is no formula", () => {
    for (const number of ["-0.5", "+1e-3", "-inf", "-.5"]) assert.equal(guardFormula(number), number);
    for (const formula of ["=1+1", "@SUM(A1)", "-1+cmd", "+A1", "'=1"])
      assert.equal(guardFormula(formula), `'${formula}`);
  });
});

describe("TSV", () => {
  test("one line a row and one tab between cells, whatever the texts hold", () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), (cells) => {
        const line = tsvLines()(cells);
        assert.equal(line.indexOf("\n"), line.length - 1);
        assert.ok(!line.includes("\r"));
        assert.deepEqual(line.slice(0, -1).split("\t").map(unescapeTsv).map(unguard), cells);
      }),
    );
  });
});

describe("Markdown", () => {
  test("a cell stays in its cell and says nothing but its text", () => {
    assert.equal(escapeMarkdown("a|b"), "a\\|b");
    assert.equal(escapeMarkdown("<img src=x onerror=y>"), "&lt;img src=x onerror=y&gt;");
    assert.equal(
      escapeMarkdown("val_loss _x_ **b** [l](u) `c`"),
      "val_loss \\_x\\_ \\*\\*b\\*\\* \\[l\\](u) \\`c\\`",
    );
    assert.equal(escapeMarkdown("two\nlines\u001b[2J"), "two\\\\nlines\\\\x1b\\[2J");
    fc.assert(
      fc.property(hostile, (value) => {
        const escaped = escapeMarkdown(value);
        assert.doesNotMatch(escaped.replace(/\\[\\`*[\]|~$_]/g, ""), /[\\`*[\]|~$<>\n\r]/);
      }),
    );
  });

  test("bold cells, numbers rounded for people, right-aligned heads", async (t) => {
    const columns: readonly RowColumn[] = [
      { key: "name", title: "Name" },
      { key: "acc", title: "Accuracy", type: "number" },
    ];
    const rows: CellValue[][] = [
      ["a", { value: 0.912345, bold: true }],
      ["b", { value: 0.9, text: "0.9 ± 0.01" }],
    ];
    assert.equal(
      await printed(t, { columns, rows, format: "md", title: "T" }),
      "**T**\n\n| Name | Accuracy |\n| --- | ---: |\n| a | **0.9123** |\n| b | 0.9 ± 0.01 |\n",
    );
    assert.equal(markdownLine([{ value: "", bold: true }]), "|  |\n");
  });
});

describe("LaTeX", () => {
  test("every character that LaTeX obeys is escaped", () => {
    assert.equal(
      escapeLatex('50% of $x_1$ & #2 {a} ~b^2 \\c <d> "e"'),
      "50\\% of \\$x\\_1\\$ \\& \\#2 \\{a\\} \\textasciitilde{}b\\textasciicircum{}2 \\textbackslash{}c \\textless{}d\\textgreater{} ''e''",
    );
    fc.assert(
      fc.property(hostile, (value) => {
        const commands =
          /\\(?:textbackslash|textasciicircum|textasciitilde|textless|textgreater|textbar|dots)\{\}|\\[{}$&#%_]|\{\}/g;
        assert.doesNotMatch(escapeLatex(value).replace(commands, "."), /[\\{}$&#%_^~<>|"]|--/);
      }),
    );
  });

  test("a row that begins with a bracket or a star is not taken for an argument of the row before", () => {
    assert.equal(latexLine(["[0.5em]", "*"]), "{[}0.5em] & {*} \\\\\n");
  });

  test("negative numbers, powers of ten, intervals and bold ones are mathematics", () => {
    const cells: CellValue[] = [
      0.5,
      -0.25,
      3e-4,
      { value: 0.9, text: "0.900 ± 0.012" },
      { value: -1, bold: true },
      { value: 2, bold: true },
      { value: "best", bold: true },
      "a-1",
    ];
    assert.equal(
      latexLine(cells),
      "0.5 & $-0.25$ & $3 \\times 10^{-4}$ & $0.900 \\pm 0.012$ & \\textbf{\\boldmath $-1$} & \\textbf{2} & \\textbf{best} & a-1 \\\\\n",
    );
  });

  test("a count or a step behind a number is text, the number mathematics", () => {
    assert.equal(
      latexLine(["-0.2 ± 3.2 (2/3)", "-0.012 @ 3", "0.5 (1/2)"]),
      "$-0.2 \\pm 3.2$ (2/3) & $-0.012$ @ 3 & 0.5 (1/2) \\\\\n",
    );
  });

  test("an id that looks like a power of ten stays an id; params are numbers in spite of being texts", () => {
    const cells: CellValue[] = [{ value: "2451e45f00", text: "2451e45" }, "12e3", "1e-4", "-0.5", 2.5e21];
    assert.equal(
      latexLine(cells),
      "2451e45 & 12e3 & $1 \\times 10^{-4}$ & $-0.5$ & $2.5 \\times 10^{21}$ \\\\\n",
    );
  });

  test("a whole table, with a caption when it has a title", async (t) => {
    const table: RowsToPrint = {
      columns: [{ key: "lr", title: "learning_rate", type: "number" }],
      rows: [[0.1]],
      format: "latex",
      title: "R & D",
    };
    assert.equal(
      await printed(t, table),
      [
        "% \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        "\\caption{R \\& D}",
        "\\begin{tabular}{r}",
        "\\toprule",
        "learning\\_rate \\\\",
        "\\midrule",
        "0.1 \\\\",
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
        "",
      ].join("\n"),
    );
  });
});

describe("JSON lines", () => {
  test("an object a row, keys in the order of the columns, 64-bit integers whole", async (t) => {
    const columns = ["10", "__proto__", "2", "a.b"].map((key) => ({ key, title: key }));
    const rows = [[2n ** 62n, "x\u001b", Number.NaN, null]];
    assert.equal(
      await printed(t, { columns, rows, format: "jsonl" }),
      '{"10":4611686018427387904,"__proto__":"x\\u001b","2":"NaN","a.b":null}\n',
    );
  });

  test("richer objects of the command stand for the rows", async (t) => {
    const table = { columns: [{ key: "a", title: "A" }], rows: [[1]], records: [{ a: { b: 1 } }, { a: 2 }] };
    assert.equal(await printed(t, { ...table, format: "jsonl" }), '{"a":{"b":1}}\n{"a":2}\n');
    assert.equal(await printed(t, { ...table, format: "json" }), '[\n{"a":{"b":1}},\n{"a":2}\n]\n');
    assert.equal(await printed(t, { ...table, records: [{ zero: -0 }], format: "jsonl" }), '{"zero":-0}\n');
  });
});

const TYPED: readonly RowColumn[] = [
  { key: "text", title: "", type: "text" },
  { key: "integer", title: "", type: "integer" },
  { key: "number", title: "", type: "number" },
  { key: "boolean", title: "", type: "boolean" },
];

describe("Parquet", () => {
  const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const number = fc.oneof(fc.double(), fc.constantFrom(-0, 0, Number.NaN, Infinity, -Infinity, 0.1));
  const row = fc.tuple(fc.option(text), fc.option(integer), fc.option(number), fc.option(fc.boolean()));

  test("every value comes back in its type: 64-bit integers, NaN, -0, nulls, any text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 50 }), async (rows) => {
        const read = await readParquet(parquetOf(TYPED, rows));
        const expected = rows.map(([a, b, c, d]) => ({ text: a, integer: b, number: c, boolean: d }));
        assert.deepEqual(read, expected);
      }),
      { numRuns: 50 },
    );
  });

  test("columns without a type get the narrowest that holds their values", async () => {
    const keys = ["whole", "mixed", "flag", "word", "both", "none"];
    const rows: PlainValue[][] = [
      [1, 1, true, "a", 1, null],
      [null, 0.5, null, null, "b", null],
    ];
    const bytes = parquetOf(
      keys.map((key) => ({ key, title: "" })),
      rows,
    );
    const { schema } = await parquetMetadataAsync(bufferOf(bytes));
    assert.deepEqual(
      schema.slice(1).map(({ name, type, converted_type: converted }) => [name, converted ?? type]),
      [
        ["whole", "INT64"],
        ["mixed", "DOUBLE"],
        ["flag", "BOOLEAN"],
        ["word", "UTF8"],
        ["both", "UTF8"],
        ["none", "UTF8"],
      ],
    );
    assert.deepEqual((await readParquet(bytes))[0], {
      whole: 1n,
      mixed: 1,
      flag: true,
      word: "a",
      both: "1",
      none: null,
    });
  });

  test("rows leave in row groups while further rows are still to come", async () => {
    const most = 300_000;
    const chunks: Uint8Array[] = [];
    let sent = 0;
    let waiting = 0;
    function* rows(): Generator<PlainValue[]> {
      for (let index = 0; index < most; index += 1) {
        waiting = Math.max(waiting, index - sent);
        yield [`run ${index % 7}`, index, index / 3, null];
      }
    }
    const bytes = (chunk: Uint8Array): void => {
      if (chunk.length > 0) chunks.push(chunk.slice());
      sent = chunks.length * 65_536;
    };
    writeParquet({ bytes }, { columns: TYPED, rows: rows() });
    assert.ok(waiting <= 2 * 65_536, `${waiting} rows waited`);
    const file = bufferOf(Buffer.concat(chunks));
    const { row_groups: groups, num_rows: count } = await parquetMetadataAsync(file);
    assert.equal(count, BigInt(most));
    assert.equal(groups.length, 5);
    const last = await parquetReadObjects({ file, rowStart: most - 1 });
    assert.deepEqual(last, [
      { text: `run ${(most - 1) % 7}`, integer: BigInt(most - 1), number: (most - 1) / 3, boolean: null },
    ]);
  });

  test("long texts make smaller row groups", async () => {
    const long = "x".repeat(1 << 24);
    const bytes = parquetOf(TYPED.slice(0, 1), [[long], [long], [long], [long], [long]]);
    const { row_groups: groups } = await parquetMetadataAsync(bufferOf(bytes));
    assert.deepEqual(
      groups.map(({ num_rows: rows }) => rows),
      [4n, 1n],
    );
  });

  test("no rows make a file with a schema", async () => {
    const bytes = parquetOf(TYPED, []);
    assert.deepEqual(await readParquet(bytes), []);
    assert.equal((await parquetMetadataAsync(bufferOf(bytes))).schema.length, 5);
  });
});

describe("columns", () => {
  const columns: readonly RowColumn[] = [
    { key: "run_id", title: "ID" },
    { key: "age", title: "AGE", only: "people" },
    { key: "start_time", title: "START", only: "programs" },
  ];
  const rows: CellValue[][] = [[{ value: "abcdef", text: "abc" }, "2h", 1700]];

  test("people get short ids and ages, programs ids and times", async (t) => {
    assert.equal(await printed(t, { columns, rows, format: "table" }), "ID   AGE\nabc  2h\n");
    assert.equal(await printed(t, { columns, rows, format: "csv" }), "run_id,start_time\r\nabcdef,1700\r\n");
    assert.equal(await printed(t, { columns, rows, format: "tsv" }), "run_id\tstart_time\nabcdef\t1700\n");
    assert.equal(
      await printed(t, { columns, rows, format: "jsonl" }),
      '{"run_id":"abcdef","start_time":1700}\n',
    );
    assert.match(await printed(t, { columns, rows, format: "latex" }), /^abc & 2h \\\\$/m);
  });
});

test("the library that writes Parquet is in a file that only Parquet loads", () => {
  const parts = readdirSync("dist/bin").filter((name) => /\.m?js$/.test(name));
  const sources = new Map(parts.map((name) => [name, readFileSync(join("dist/bin", name), "utf8")]));
  const magic = String(0x31524150); // PAR1
  const holders = parts.filter((name) => sources.get(name)!.includes(magic));
  assert.deepEqual(holders, ["write-parquet.mjs"]);
  for (const [name, source] of sources)
    assert.doesNotMatch(source, /(?:from|import|require\()\s*"\.\/write-parquet\.mjs"/, name);
});

describe("on a terminal", () => {
  const table = { columns: [{ key: "a", title: "A" }], rows: [["\u001b[2Jx\ty\nz"]] };

  test("no text moves the cursor, in no format", async () => {
    for (const format of FORMATS) {
      if (format === "parquet") continue;
      const screen = new Screen();
      await printRows({ ...contextIn("/"), out: screen as unknown as Output }, { ...table, format });
      assert.doesNotMatch(screen.text, /\u001b|\r/, format);
      assert.match(screen.text, /2Jx/, format);
    }
  });

  test("Parquet is refused before anything is written", async () => {
    const screen = new Screen();
    const context = { ...contextIn("/"), out: screen as unknown as Output };
    await assert.rejects(
      printRows(context, { ...table, format: "parquet" }),
      (error) => isRunstoneError(error, "USAGE") && error.hint?.includes("--output") === true,
    );
    assert.equal(screen.text, "");
  });
});

describe("--output", () => {
  const table: RowsToPrint = { columns: [{ key: "a", title: "A" }], rows: [["x"]], format: "csv" };

  test("a file is replaced when all is written, and kept as it was when the rows fail", async (t) => {
    const directory = newDirectory(t);
    const file = join(directory, "out.csv");
    writeFileSync(file, "before", { mode: 0o640 });
    function* failing(): Generator<CellValue[]> {
      yield ["x"];
      assert.equal(readFileSync(file, "utf8"), "before");
      throw new Error("torn");
    }
    await assert.rejects(
      printRows(contextIn(directory), { ...table, rows: failing(), output: file }),
      /torn/,
    );
    assert.equal(readFileSync(file, "utf8"), "before");
    await printRows(contextIn(directory), { ...table, output: "out.csv" });
    assert.equal(readFileSync(file, "utf8"), "a\r\nx\r\n");
    assert.equal(statSync(file).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(directory), ["out.csv"]);
  });

  test("a directory, and a file in a directory that is not there, are refused by name", async (t) => {
    const directory = newDirectory(t);
    mkdirSync(join(directory, "sub"));
    const context = contextIn(directory);
    await assert.rejects(
      printRows(context, { ...table, output: "sub" }),
      (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE") && error.message.includes("sub"),
    );
    await assert.rejects(
      printRows(context, { ...table, output: "none/a.csv" }),
      (error) => isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST") && error.hint?.includes("none") === true,
    );
  });

  test("the name of the file says the format, unless one is given", () => {
    assert.equal(readFormat({ json: false }, { output: "a.parquet" }), "parquet");
    assert.equal(readFormat({ json: false }, { output: "a.tex" }), "latex");
    assert.equal(readFormat({ json: false }, { output: "a.csv", format: "tsv" }), "tsv");
    assert.equal(readFormat({ json: false }, { output: "a.constructor" }), "table");
    assert.equal(readFormat({ json: true }, { output: "a.csv" }), "json");
    assert.throws(() => readFormat({ json: true }, { format: "csv" }), /--json and --format csv/);
    for (const format of FORMATS)
      if (format !== "table" && format !== "latex")
        assert.equal(formatOfFile(`a.b.${format.toUpperCase()}`), format);
  });
});

/** An output that is a terminal, and what it shows. */
class Screen {
  readonly isTerminal = true;
  text = "";

  write(text: string): void {
    this.text += text;
  }

  line(text: string): void {
    this.text += `${text}\n`;
  }
}

/** What `printRows` writes into a file. */
async function printed(t: TestContext, table: RowsToPrint): Promise<string> {
  const directory = newDirectory(t);
  await printRows(contextIn(directory), { ...table, output: "printed" });
  return readFileSync(join(directory, "printed"), "utf8");
}

function newDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "runstone-formats-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function contextIn(cwd: string): CommandContext {
  return { cwd, out: new Output(1), style: PLAIN, width: undefined } as CommandContext;
}

function parquetOf(columns: readonly RowColumn[], rows: Iterable<readonly PlainValue[]>): Uint8Array {
  const chunks: Uint8Array[] = [];
  writeParquet({ bytes: (chunk) => chunks.push(chunk.slice()) }, { columns, rows });
  return Buffer.concat(chunks);
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function readParquet(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: bufferOf(bytes) });
}

/** By the grammar of RFC 4180; a bare empty field is null. */
function readCsv(csv: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  for (const [, quoted, bare, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? bare || null : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

/** The rule of docs/reference/formats.md. */
function unguard(cell: string): string {
  return /^'+[=+\-@\t\r＝＋－＠]/.test(cell) ? cell.slice(1) : cell;
}

function isHarmless(cell: string): boolean {
  return !/^[=+\-@\t\r＝＋－＠]/.test(cell) || /^[+-](\d|\.\d|inf|nan)[\d.einfaty+-]*$/i.test(cell);
}

function unescapeTsv(cell: string): string {
  const meanings: Readonly<Record<string, string>> = { "\\": "\\", t: "\t", n: "\n", r: "\r" };
  return cell.replace(/\\([\\tnr])/g, (_, letter: string) => meanings[letter]!);
}
