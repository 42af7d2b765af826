/** Colour by the sixteen names that every terminal theme has. Meaning never rests on colour alone. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
  readonly blue: Paint;
  readonly magenta: Paint;
}

export type Paint = (text: string) => string;

const plain: Paint = (text) => text;

export const PLAIN: Style = {
  bold: plain,
  dim: plain,
  red: plain,
  green: plain,
  yellow: plain,
  cyan: plain,
  blue: plain,
  magenta: plain,
};

const COLOURED: Style = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  red: paint(31, 39),
  green: paint(32, 39),
  yellow: paint(33, 39),
  cyan: paint(36, 39),
  blue: paint(34, 39),
  magenta: paint(35, 39),
};

export interface ColourChoice {
  /** `--no-color` */
  readonly refused: boolean;
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `--no-color`, then FORCE_COLOR, then NO_COLOR (each only when not empty), then the terminal decides. */
export function chooseStyle({ refused, isTerminal, env }: ColourChoice): Style {
  if (refused) return PLAIN;
  if (env.FORCE_COLOR) return env.FORCE_COLOR === "0" ? PLAIN : COLOURED;
  if (env.NO_COLOR || env.TERM === "dumb" || !isTerminal) return PLAIN;
  return COLOURED;
}

function paint(on: number, off: number): Paint {
  return (text) => `\x1b[${on}m${text}\x1b[${off}m`;
}
