/** What the model of an MLflow server takes and gives. */

export type Body = Readonly<Record<string, unknown>>;

/** What a request ends with unless it succeeds. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export function mapOf(list: unknown): Map<string, string> {
  return new Map(((list ?? []) as readonly KeyValue[]).map(({ key, value }) => [key, value]));
}

export function keyValues(map: ReadonlyMap<string, string>): readonly KeyValue[] {
  return [...map].map(([key, value]) => ({ key, value }));
}

export function invalid(message: string): Refused {
  return new Refused(400, "INVALID_PARAMETER_VALUE", message);
}

export function absent(message: string): Refused {
  return new Refused(404, "RESOURCE_DOES_NOT_EXIST", message);
}
