import { redactText } from "./redact.js";

/**
 * A remote's URL without what could open it: no user info (but the plain user of ssh), no query, no fragment, no known
 * token anywhere. `git@host:path` and local paths stay as they are.
 */
export function stripUrlCredentials(url: string): string {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^?#]*)/i.exec(url);
  if (match === null) return redactText(url).text;
  const [, scheme = "", address = ""] = match;
  const at = userInfoEnd(address);
  const rest = address.slice(at + 1);
  const user = /(?:^|\+)ssh$/i.test(scheme) ? (address.slice(0, Math.max(at, 0)).split(":")[0] ?? "") : "";
  return redactText(`${scheme}://${user === "" ? "" : `${user}@`}${rest}`).text;
}

/** Index of the `@` that ends the user info, or -1. A password may hold a slash that nobody escaped. */
function userInfoEnd(address: string): number {
  const authority = address.split("/", 1)[0] ?? "";
  return /:[^\d]/.test(authority) && !authority.includes("@")
    ? address.lastIndexOf("@")
    : authority.lastIndexOf("@");
}
