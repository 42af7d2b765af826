/** Where one waits until another says that there may be something to do. Each opening lets through who waits then. */
export class Gate {
  #wake: (() => void) | null = null;

  /** One waits at a time. */
  opened(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  open(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
