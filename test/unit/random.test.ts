import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { randomBelow, randomHex, randomOctets } from "../../core/fs/random.js";

describe("randomness for names", () => {
  test("has the length asked for, and does not repeat", () => {
    const seen = new Set<string>();
    for (let count = 0; count < 2000; count += 1) {
      const hex = randomHex(8);
      assert.match(hex, /^[0-9a-f]{16}$/);
      seen.add(hex);
    }
    assert.equal(seen.size, 2000);
    for (const length of [1, 16, 255, 256]) assert.equal(randomOctets(length).length, length);
  });

  test("reaches every number below the bound and no other", () => {
    const counts = new Map<number, number>();
    for (let draw = 0; draw < 7000; draw += 1) {
      const number = randomBelow(7);
      counts.set(number, (counts.get(number) ?? 0) + 1);
    }
    assert.deepEqual([...counts.keys()].sort(), [0, 1, 2, 3, 4, 5, 6]);
    // 1,000 expected, standard deviation 29: ten of them are beyond chance.
    for (const count of counts.values()) assert.ok(count > 700 && count < 1300, String(count));
    assert.equal(randomBelow(1), 0);
  });
});
