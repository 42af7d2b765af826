/** Numbers of rows, ascending. What is evaluated after another test sees only the rows that are left. */
export type Rows = Uint32Array;

export function allRows(count: number): Rows {
  const rows = new Uint32Array(count);
  for (let row = 0; row < count; row += 1) rows[row] = row;
  return rows;
}

let scratch = new Uint32Array(1_024);

/**
 * Room for `length` rows, to be written and given to {@link firstRowsOf} before anything else asks for it: a test of
 * thousands that few rows or all pass makes no list of its own.
 */
export function roomForRows(length: number): Rows {
  if (scratch.length < length) scratch = new Uint32Array(length);
  return scratch;
}

/** The first `count` rows in `room`, which are some of `rows` in their order, or all. */
export function firstRowsOf(room: Rows, count: number, rows: Rows): Rows {
  return count === rows.length ? rows : room.slice(0, count);
}

/** The rows that `passes` takes, which is asked once for each. */
export function rowsThat(rows: Rows, passes: (row: number) => boolean): Rows {
  const passing = roomForRows(rows.length);
  let count = 0;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at]!;
    passing[count] = row;
    if (passes(row)) count += 1;
  }
  return firstRowsOf(passing, count, rows);
}

/** The rows that are not among `others`, all of which are among the rows. */
export function without(rows: Rows, others: Rows): Rows {
  if (others.length === 0) return rows;
  const rest = new Uint32Array(rows.length - others.length);
  let [count, next] = [0, 0];
  for (let at = 0; count < rest.length; at += 1) {
    const row = rows[at]!;
    if (row === others[next]) next += 1;
    else rest[count++] = row;
  }
  return rest;
}
