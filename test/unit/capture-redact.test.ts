import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Redactor, redactArgv, redactText } from "../../core/capture/redact.js";
import fc from "../helpers/fast-check.js";

const R = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Built at run time, so that no scanner takes this file for a leak. */
const random = (n: number): string => Array.from({ length: n }, (_, i) => R[(i * 7 + 3) % R.length]).join("");

const TOKENS: Readonly<Record<string, readonly string[]>> = {
  aws_access_key: [`AKIA${"IOSFODNN7EXAMPLE"}`],
  github_token: [`ghp_${random(36)}`, `ghs_${random(36)}`, `github_pat_${random(22)}_${random(59)}`],
  gitlab_token: [`glpat-${random(20)}`],
  slack_token: [`xoxb-${"123456789012"}-${random(24)}`],
  openai_key: [`sk-${random(48)}`, `sk-proj-${random(60)}`, `sk-ant-api03-${random(60)}`],
  huggingface_token: [`hf_${random(34)}`],
  google_key: [`AIza${random(35)}`],
  jwt: [`eyJ${random(30)}.eyJ${random(60)}.${random(43)}`],
  npm_token: [`npm_${random(36)}`],
  pypi_token: [`pypi-AgEIcHlwaS5vcmc${random(80)}`],
};

describe("known token formats", () => {
  for (const [rule, tokens] of Object.entries(TOKENS)) {
    test(rule, () => {
      for (const token of tokens) {
        for (const [before, after] of [
          ["", ""],
          ["loaded ", " from disk"],
          ["f('", "')"],
          ["https://host/", "/repo"],
        ] as const) {
          const { text, counts } = redactText(before + token + after);
          assert.equal(text, `${before}[redacted:${rule}]${after}`);
          assert.deepEqual(counts, { [rule]: 1 });
        }
      }
    });
  }
});

describe("values with a name that says secret", () => {
  for (const [input, output] of [
    ["password=hunter2", "password=@"],
    ["export HF_TOKEN=abcd1234", "export HF_TOKEN=@"],
    ["db_password: hunter2", "db_password: @"],
    ['{"api_key": "abc def", "lr": 0.1}', '{"api_key": "@", "lr": 0.1}'],
    ['{\\"secret\\": \\"abc\\", \\"n\\": 1}', '{\\"secret\\": \\"@\\", \\"n\\": 1}'],
    ["--password hunter2 --lr 0.1", "--password @ --lr 0.1"],
    ["--api-key=abc --lr 0.1", "--api-key=@ --lr 0.1"],
    ["Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic @"],
    ["+aws_secret_access_key = abc/def+ghi", "+aws_secret_access_key = @"],
    ["client_secret='it''s'", "client_secret='@''s'"],
    ["dbPassword := x9", "dbPassword := @"],
    ["config['password'] = 'p'", "config['password'] = '@'"],
    ["password = p(w", "password = @"],
    ["password=$3cret!", "password=@"],
    ["password: 123456", "password: @"],
    ['"credentials": {"password": "x"}', '"credentials": {"password": "@"}'],
    ["//registry.npmjs.org/:_authToken=11aa-22bb", "//registry.npmjs.org/:_authToken=@"],
    ["token=a&next=b", "token=@&next=b"],
    ["password=unclosed 'quote", "password=@ 'quote"],
    ['password="never closed', 'password="@'],
  ] as const) {
    test(input, () => {
      const { text, counts } = redactText(input);
      assert.equal(text, output.replaceAll("@", "[redacted:named_value]"));
      assert.deepEqual(counts, { named_value: 1 });
    });
  }
});

test("plain words, model vocabulary and references stay", () => {
  for (const text of [
    "the secret of a good password is its length",
    "tokenizer=bert-base max_tokens=100 num_tokens: 5",
    "pad_token=<pad> eos_token: '</s>' mask_token = [MASK]",
    "tokens/s: 1234.5, loss per token: 0.53",
    "--tokenizer gpt2 --max-tokens 4096 --token",
    "password = os.environ['PW']",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a reference of the shell
    "token = None; api_key: null, secret = ${SECRET}",
    "task-force-alpha-and-a-very-long-name risk-assessment sk-learn-contrib-lightning-models",
    "monkey=banana keyboard: us primary_key=id key=value",
    "mail ada@example.org and git@github.com:o/r.git and ssh://git@host/r",
    "password=$PW pwd_secret: <your-secret> password: str",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "-----BEGIN CERTIFICATE-----",
  ]) {
    assert.deepEqual(redactText(text), { text, counts: {} });
  }
});

test("user info of URLs goes, the address stays", () => {
  assert.deepEqual(redactText("see https://u:p@h.org/x?y=1 and postgres://me@db/1"), {
    text: "see https://[redacted:url_userinfo]@h.org/x?y=1 and postgres://[redacted:url_userinfo]@db/1",
    counts: { url_userinfo: 2 },
  });
  assert.equal(redactText("ssh://git:pw@h/r").text, "ssh://[redacted:url_userinfo]@h/r");
});

const KEY_BODY = [random(64), random(64), `${random(20)}==`];
const KEY = [`-----BEGIN RSA ${"PRIVATE KEY"}-----`, ...KEY_BODY, `-----END RSA ${"PRIVATE KEY"}-----`];

describe("private keys", () => {
  test("over lines, also in a patch; the line count stays", () => {
    for (const sign of ["", "+", "    "]) {
      const text = ["before", ...KEY.map((line) => sign + line), "after"].join("\n");
      const redacted = redactText(text);
      assert.deepEqual(redacted.counts, { private_key: 1 });
      const lines = redacted.text.split("\n");
      assert.deepEqual(lines, ["before", ...KEY.map(() => `${sign}[redacted:private_key]`), "after"]);
    }
  });

  test("on one line, as in JSON", () => {
    const text = `{"private_key_pem": "${KEY.join("\\n")}", "lr": 1}`;
    assert.equal(redactText(text).text, '{"private_key_pem": "[redacted:private_key]", "lr": 1}');
  });

  test("one without an end swallows no prose", () => {
    const text = [KEY[0], ...KEY_BODY, "", "epoch 1 of 10: loss 0.5", "done"].join("\n");
    assert.ok(redactText(text).text.endsWith("\nepoch 1 of 10: loss 0.5\ndone"));
    assert.ok(!redactText(text).text.includes(random(64)));
  });
});

test("argument lists: pairs, assignments, values with blanks", () => {
  const mark = "[redacted:named_value]";
  assert.deepEqual(redactArgv(["train.py", "--password", "a b", "--lr", "0.1"]), [
    "train.py",
    "--password",
    mark,
    "--lr",
    "0.1",
  ]);
  assert.deepEqual(redactArgv(["--api_key=a b c", "WANDB_API_KEY=x", "-token", "y"]), [
    `--api_key=${mark}`,
    `WANDB_API_KEY=${mark}`,
    "-token",
    mark,
  ]);
  assert.deepEqual(redactArgv(["--password", "123456"]), ["--password", mark]);
  const plain = ["--token", "--verbose", "--max-tokens", "100", "--tokenizer", "gpt2", "a secret"];
  assert.deepEqual(redactArgv(plain), plain);
});

describe("the stream", () => {
  const text = [
    "epoch 1",
    `token=${random(20)}`,
    ...KEY,
    `progress 1%\rprogress 2% ${TOKENS.github_token?.[0]}\r\n`,
    "https://u:p@h/",
  ].join("\n");

  test("gives the same however the text is cut", () => {
    const whole = redactText(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 20 }), (cuts) => {
        const redactor = new Redactor();
        const edges = [0, ...cuts.sort((a, b) => a - b), text.length];
        const parts = edges.slice(1).map((edge, i) => redactor.push(text.slice(edges[i], edge)));
        assert.equal(parts.join("") + redactor.end(), whole.text);
        assert.deepEqual(redactor.counts, whole.counts);
      }),
    );
  });

  test("passes finished lines on at once", () => {
    const redactor = new Redactor();
    assert.equal(redactor.push("one\ntwo\rthr"), "one\ntwo\r");
    assert.equal(redactor.push("ee"), "");
    assert.equal(redactor.end(), "three");
  });

  test("a secret anywhere in a line of any length is found", () => {
    const secret = TOKENS.github_token?.[0] ?? "";
    for (const filler of ["x ", "x", "ab,"]) {
      for (const at of [0, 60_000, 61_400, 61_430, 61_440, 65_500, 65_536, 130_000]) {
        const before = filler.repeat(at).slice(0, at);
        const { text: out, counts } = redactText(`${before} ${secret} ${filler.repeat(40_000)}`);
        assert.deepEqual(counts, { github_token: 1 }, `${filler} ${at}`);
        assert.ok(!out.includes(secret));
        const key = redactText(`${before} ${KEY.join("\\n")} ${filler.repeat(40_000)}`);
        assert.deepEqual(key.counts, { private_key: 1 }, `key ${filler} ${at}`);
        assert.ok(!key.text.includes(KEY_BODY[0] ?? "?"));
      }
    }
  });

  test("a cut never parts a character", () => {
    for (const shift of ["", "x"]) {
      const text = shift + "\u{1f600}".repeat(50_000);
      const redactor = new Redactor();
      const parts = [redactor.push(text.slice(0, 70_001)), redactor.push(text.slice(70_001)), redactor.end()];
      assert.equal(parts.map((part) => Buffer.from(part).toString()).join(""), text);
    }
  });

  test("a value longer than the carry leaves nothing behind", () => {
    const out = redactText(`password=${"q".repeat(300_000)} end`).text;
    assert.ok(!out.includes("qqqq"));
    assert.ok(out.endsWith(" end"));
  });
});

test("redacting twice changes nothing more", () => {
  const secrets = [
    ...Object.values(TOKENS).flat(),
    ...KEY,
    "password=x",
    "https://u:p@h/",
    "'",
    '"',
    " ",
    "\n",
  ];
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...secrets), fc.string()), { maxLength: 12 }), (parts) => {
      const once = redactText(parts.join(" ")).text;
      assert.equal(redactText(once).text, once);
    }),
  );
});

test("hostile input of 1 MB ends: no pattern is worse than linear", () => {
  const units = [
    "a",
    "://",
    "x://",
    "eyJ",
    "eyJaaaaaaaaa.",
    "sk-",
    "token",
    "token=",
    "--token ",
    "password='",
    "\\",
  ];
  units.push(
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "Bearer ",
    "glpat-",
    "pypi-",
    "=",
    "@",
    "A-",
    ":_",
    "'\"",
    "Key=",
  );
  for (const unit of units) {
    const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
    assert.ok(redactText(text).text.length > 0);
  }
});
