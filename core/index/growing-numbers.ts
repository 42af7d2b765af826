/** Lists of numbers that grow, without an object a number. */

export class GrowingDoubles {
  #numbers = new Float64Array(8);
  #length = 0;

  push(number: number): void {
    if (this.#length === this.#numbers.length) {
      const larger = new Float64Array(this.#length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#length++] = number;
  }

  /** Valid until the next one. */
  all(): Float64Array {
    return this.#numbers.subarray(0, this.#length);
  }
}

/** Of whole numbers from 0 up to, without, 2^32. */
export class GrowingWords {
  #numbers = new Uint32Array(8);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(number: number): void {
    if (this.#length === this.#numbers.length) {
      const larger = new Uint32Array(this.#length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#length++] = number;
  }

  /** Valid until the next one. */
  all(): Uint32Array {
    return this.#numbers.subarray(0, this.#length);
  }
}
