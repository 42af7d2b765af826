/** Whether a string looks as if a machine had drawn it at random. */

/**
 * Upper and lower case and digits mixed as chance mixes them: no words, no counting up, hardly a character more often than
 * others. Digests in hex and UUIDs are not meant: code is full of them, and where one is a credential its name says so.
 */
export function isHighEntropy(text: string): boolean {
  if (text.length < 20 || !/[a-z]/.test(text) || !/[A-Z]/.test(text) || !/\d/.test(text)) return false;
  const longest = text.split(/[/_.~-]/).reduce((most, part) => Math.max(most, part.length), 0);
  if (longest < 16) return false; // a path, or words with dashes
  if (shareOfWords(text) > 0.4 || shareOfSteps(text) > 0.3) return false;
  return entropyOf(text) >= 0.82 * Math.log2(Math.min(text.length, 62));
}

/** Shannon's, in bits for a character. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** Runs of four and more letters that can be spoken: chance seldom makes them. */
function shareOfWords(text: string): number {
  const words = text.match(/[A-Z]?[a-z]{3,}|[A-Z]{4,}/g) ?? [];
  return words.filter(isSpoken).join("").length / text.length;
}

function isSpoken(word: string): boolean {
  return (
    word.length >= 4 && /[aeiouy]/i.test(word) && !/[^aeiouy]{4}|[aeiouy]{4}|[jqxz][^aeiouy]/i.test(word)
  );
}

/** `abcdef`, `0123`: alphabets of encoders. */
function shareOfSteps(text: string): number {
  let steps = 0;
  for (let i = 1; i < text.length; i += 1) if (text.charCodeAt(i) === text.charCodeAt(i - 1) + 1) steps += 1;
  return steps / text.length;
}

/** Words that stand where a secret goes. */
const PLACEHOLDER =
  /example|changeme|change_me|change-me|placeholder|dummy|fake|sample|redacted|your|my[-_]|xxx|\*\*\*|\.\.\.|todo|insert|replace|secret|passw|token|api.?key|^test|test$|foo|bar|hunter|abc|1234/i;

/** Whether the value of a name that says "secret" is one, and no type, expression, message or placeholder. */
export function isLikelySecret(value: string, { quoted }: { readonly quoted: boolean }): boolean {
  if (value.length < 8 || value.length > 512) return false;
  if (/\s|^https?:\/\//.test(value) || /[(){}[\]<>;$|\\]/.test(value)) return false;
  if (isHighEntropy(value) || /^[0-9a-f]{32,128}$/i.test(value)) return true;
  if (PLACEHOLDER.test(value)) return false;
  // Without quotes it may be a name of the program's.
  if (!quoted && /^[A-Za-z_][\w.]*,?$/.test(value) && !/\d/.test(value)) return false;
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  return (
    /\d/.test(value) && classes >= 2 && entropyOf(value) >= 2.5 && !/^[\w-]+(?:[./][\w-]+)+$/.test(value)
  );
}
