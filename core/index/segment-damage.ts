/**
 * A segment that cannot be used: truncated, changed, unreadable, of another format or of a machine with another byte order.
 * Internal: whoever meets it reads the runs again from their files; no user ever sees it.
 */
export class SegmentDamage extends Error {
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`the index file ${path} is damaged: ${reason}`, options);
    this.name = "SegmentDamage";
    this.path = path;
  }
}
