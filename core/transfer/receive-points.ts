/** Points on their way into a run that is still being built. */
import { join } from "node:path";
import { keyToPath, type Point, serializeLink, serializePoint } from "../../store-format/index.js";
import { NewFile } from "../fs/index.js";
import { LINKS } from "../store/layout.js";
import { checkReceivedPoint } from "./check-received.js";
import type { RunDocument } from "./run-document.js";

/** All points of a key, of every dataset, some at a time; for a run that is here, the caller may leave out what is known to be here. */
export type PointSource = (key: string) => AsyncIterable<readonly Point[]> | Iterable<readonly Point[]>;

/** Writes the metric files of a document's series, and the links of their points. */
export async function receivePoints(
  directory: string,
  { series }: RunDocument,
  points: PointSource,
): Promise<void> {
  const links = new LazyFile(join(directory, LINKS));
  try {
    for (const key of new Set(series.map((one) => one.key)))
      await receiveKey(join(directory, "metrics", keyToPath(key)), key, { points, links });
  } catch (error) {
    links.closeQuietly();
    throw error;
  }
  links.close();
}

/** Made with its first bytes: an empty metric file is one that MLflow fails on. */
class LazyFile {
  readonly #path: string;
  #file: NewFile | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  write(text: string): void {
    if (text === "") return;
    this.#file ??= NewFile.create(this.#path);
    this.#file.write(Buffer.from(text, "utf8"));
  }

  close(): void {
    this.#file?.close();
  }

  closeQuietly(): void {
    this.#file?.closeQuietly();
  }
}

interface Way {
  readonly points: PointSource;
  readonly links: LazyFile;
}

async function receiveKey(path: string, key: string, { points, links }: Way): Promise<void> {
  const file = new LazyFile(path);
  try {
    for await (const some of points(key)) {
      const text = textOf(key, some);
      links.write(text.links);
      file.write(text.lines);
    }
  } catch (error) {
    file.closeQuietly();
    throw error;
  }
  file.close();
}

function textOf(key: string, points: readonly Point[]): { readonly lines: string; readonly links: string } {
  let lines = "";
  let links = "";
  for (const point of points) {
    checkReceivedPoint(key, point);
    lines += serializePoint(point);
    if (point.dataset !== undefined || point.modelId !== undefined) links += serializeLink({ ...point, key });
  }
  return { lines, links };
}
