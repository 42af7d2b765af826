/** Addresses of remotes: known forms have one spelling, everything else is refused, and no message repeats a password. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isRunstoneError } from "../../store-format/index.js";
import { parseRemoteAddress } from "../../sync/remotes/address.js";
import fc from "../helpers/fast-check.js";

describe("known forms", () => {
  const servers: readonly (readonly [text: string, url: string, origin: string])[] = [
    ["http://localhost:5000", "http://localhost:5000", "http://localhost:5000"],
    ["HTTP://Lab.Example.org:80/", "http://lab.example.org", "http://lab.example.org"],
    [
      "https://lab.example.org:443/team/mlflow//",
      "https://lab.example.org/team/mlflow",
      "https://lab.example.org",
    ],
    ["https://[::1]:8443/x", "https://[::1]:8443/x", "https://[::1]:8443"],
    ["http://0x7f.1:5000", "http://127.0.0.1:5000", "http://127.0.0.1:5000"],
  ];
  for (const [text, url, origin] of servers)
    test(text, () => {
      assert.deepEqual(parseRemoteAddress(text), { kind: "mlflow", text: url, origin, url });
    });

  const directories: readonly (readonly [text: string, path: string])[] = [
    ["/media/usb/lab", "/media/usb/lab"],
    ["/media/usb/../lab//x/", "/media/lab/x"],
    ["/media/a b/é:x@y?#", "/media/a b/é:x@y?#"],
    ["file:///media/a%20b/%C3%A9%23", "/media/a b/é#"],
    ["FILE://localhost/media/usb", "/media/usb"],
  ];
  for (const [text, path] of directories)
    test(text, () => {
      assert.deepEqual(parseRemoteAddress(text), { kind: "directory", text: path, origin: path, path });
    });

  const machines: readonly (readonly [text: string, canonical: string, parts: object])[] = [
    ["ssh://box/data/lab", "ssh://box/data/lab", { host: "box", path: "/data/lab" }],
    [
      "ssh://me@box:2222/data",
      "ssh://me@box:2222/data",
      { host: "box", user: "me", port: 2222, path: "/data" },
    ],
    ["ssh://box/~/lab%20a", "ssh://box/~/lab%20a", { host: "box", path: "~/lab a" }],
    ["ssh://me@[fe80::1]/x", "ssh://me@[fe80::1]/x", { host: "fe80::1", user: "me", path: "/x" }],
    ["box:lab/x", "ssh://box/~/lab/x", { host: "box", path: "~/lab/x" }],
    [
      "me@box.example.org:/data",
      "ssh://me@box.example.org/data",
      { host: "box.example.org", user: "me", path: "/data" },
    ],
    ["[::1]:/data", "ssh://[::1]/data", { host: "::1", path: "/data" }],
    ["box:/a?b#c", "ssh://box/a%3Fb%23c", { host: "box", path: "/a?b#c" }],
  ];
  for (const [text, canonical, parts] of machines)
    test(text, () => {
      assert.deepEqual(parseRemoteAddress(text), {
        kind: "ssh",
        text: canonical,
        origin: canonical,
        ...parts,
      });
    });

  test("relative paths count from a directory that is given, and are refused elsewhere", () => {
    for (const text of ["lab", "./lab", "../x/lab", "./a:b"]) {
      assert.equal(parseRemoteAddress(text, "/home/me").kind, "directory", text);
      assert.throws(() => parseRemoteAddress(text), /relative/, text);
    }
  });
});

describe("everything else", () => {
  const SECRET = "hunter2";
  const refused = [
    "",
    "/",
    "file:///",
    "file:///..",
    "http://",
    "http:///x",
    "http:/lab/x",
    "http:lab",
    `http://me:${SECRET}@lab`,
    `http://me:${SECRET}/@lab`,
    `https://${SECRET}@lab`,
    `http://lab/?token=${SECRET}`,
    `http://lab/#${SECRET}`,
    "http://lab\\@evil/x",
    "http://la b/x",
    "http://lab:99999",
    "http://lab:0",
    "http://lab\n/x",
    "http://lab\u202e/x",
    "ftp://lab/x",
    "git+ssh://box/x",
    "git://box/x",
    "s3://bucket/x",
    "databricks://profile",
    "javascript://x/%0aalert(1)",
    "ext::sh -c touch% /tmp/x",
    "ext::x",
    "file:x",
    "file://host/x",
    "file:////../..",
    "file:///a%2fb",
    "file:///a%00b",
    "file:///a%zz",
    "file:///a?b",
    "file:///a#b",
    "ssh://box",
    "ssh://box/",
    "ssh://box/~/",
    "ssh://box/~ada/lab",
    "box:~ada/lab",
    "ssh://box:lab/x",
    "C:\\lab",
    `ssh://me:${SECRET}@box/x`,
    "ssh://-oProxyCommand=touch x/y",
    "ssh://-oProxyCommand=touch/y",
    "ssh://-x@box/y",
    "ssh://box:0/x",
    "ssh://box:99999/x",
    "ssh://box:-1/x",
    "ssh://bo;x/y",
    "ssh://$(id)/y",
    "ssh://box/%0a",
    "-oProxyCommand=x:/y",
    "-x@box:/y",
    `me:${SECRET}@box:/y`,
    "box:",
    "@box:x",
    "a b:/x",
    "box;id:/x",
    "[::1:/x",
    "[x]y:/z",
  ];
  for (const text of refused)
    test(JSON.stringify(text), () => {
      assert.throws(
        () => parseRemoteAddress(text),
        (error) =>
          isRunstoneError(error, "INVALID_PARAMETER_VALUE") &&
          error.hint !== undefined &&
          !JSON.stringify([error.message, error.hint, error.data]).includes(SECRET),
      );
    });
});

const piece = fc.constantFrom(
  ..."http https ssh file ext :// : :: / // @ - -o . .. ~ ? # % %2f %0a [ ] ::1 host user 22 a \\ \n \u202e é".split(
    " ",
  ),
  " ",
);
const soup = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));

test("what is accepted has one spelling, which means the same, and gives ssh nothing to take for an option", () => {
  fc.assert(
    fc.property(
      fc.oneof(soup, fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string()),
      (text) => {
        let address: ReturnType<typeof parseRemoteAddress>;
        try {
          address = parseRemoteAddress(text);
        } catch (error) {
          assert.ok(isRunstoneError(error, "INVALID_PARAMETER_VALUE"), String(error));
          return;
        }
        assert.deepEqual(parseRemoteAddress(address.text), address);
        assert.doesNotMatch(address.text, /\p{Cc}/u);
        if (address.kind === "mlflow") {
          const url = new URL(address.url);
          assert.equal(url.username + url.password + url.search + url.hash, "");
          assert.equal(url.origin, address.origin);
        }
        if (address.kind === "ssh")
          for (const part of [address.host, address.user ?? "", address.path])
            assert.ok(!part.startsWith("-"));
      },
    ),
    { numRuns: 3000 },
  );
});
