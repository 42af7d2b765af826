/** Error answers: MLflow's codes and ours. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isFinalError, parseError, serializeError, serializeJson } from "../../protocol/mlflow/index.js";
import { type ErrorCode, RunstoneError } from "../../store-format/index.js";

const endpoint = "POST mlflow/runs/create";

function error(status: number, code: string, message = "why"): RunstoneError {
  return parseError({ status, body: JSON.stringify({ error_code: code, message }), endpoint });
}

describe("an error answer", () => {
  const same: readonly (readonly [number, ErrorCode])[] = [
    [400, "INVALID_PARAMETER_VALUE"],
    [400, "RESOURCE_ALREADY_EXISTS"],
    [404, "RESOURCE_DOES_NOT_EXIST"],
    [500, "INVALID_STATE"],
    [401, "UNAUTHENTICATED"],
  ];
  for (const [status, code] of same)
    test(`${code} stays ${code}`, () => assert.equal(error(status, code).code, code));

  test("says endpoint, status, code and the remote's words", () => {
    const { message, data } = error(400, "BAD_REQUEST", "no\n such\u0007thing");
    assert.equal(message, "POST mlflow/runs/create failed with 400 BAD_REQUEST: no such thing");
    assert.deepEqual(data, { status: 400, errorCode: "BAD_REQUEST", endpoint });
  });

  test("codes that we have not, 403 among them, are REMOTE_FAILED", () => {
    for (const [status, code] of [
      [403, "PERMISSION_DENIED"],
      [409, "ABORTED"],
      [503, "TEMPORARILY_UNAVAILABLE"],
      [500, "DISK_FULL"],
    ] as const)
      assert.deepEqual(
        [error(status, code).code, error(status, code).data["errorCode"]],
        ["REMOTE_FAILED", code],
      );
  });

  test("MLflow's invalid parameters that are something narrower here", () => {
    const of = (message: string): ErrorCode => error(400, "INVALID_PARAMETER_VALUE", message).code;
    assert.equal(
      of("Changing param values is not allowed. Param with key='a' was already"),
      "PARAM_CONFLICT",
    );
    assert.equal(of("The run abc must be in the 'active' state. Current state is deleted."), "INVALID_STATE");
    assert.equal(of("The experiment 1 must be in the 'active' state."), "INVALID_STATE");
    assert.equal(of("Registered model alias best not found."), "INVALID_PARAMETER_VALUE");
    assert.equal(of("Names may only contain letters"), "INVALID_PARAMETER_VALUE");
  });

  test("a page of HTML is read by its status, and quoted in one line", () => {
    const html = "<!doctype html><title>404 Not Found</title>\n<h1>Not Found</h1><p>It is not here.</p>";
    const found = parseError({ status: 404, body: html, endpoint });
    assert.equal(found.data["errorCode"], "ENDPOINT_NOT_FOUND");
    assert.equal(
      found.message,
      "POST mlflow/runs/create failed with 404 ENDPOINT_NOT_FOUND: Not Found It is not here.",
    );
    assert.equal(parseError({ status: 401, body: "Go away", endpoint }).code, "UNAUTHENTICATED");
    assert.equal(parseError({ status: 418, body: "", endpoint }).data["errorCode"], "INTERNAL_ERROR");
  });

  test("is cut to a sensible length", () => {
    assert(error(400, "BAD_REQUEST", "x".repeat(1e6)).message.length < 600);
    assert(parseError({ status: 500, body: "<".repeat(1e6), endpoint }).message.length < 600);
    assert.equal(error(400, "EVIL CODE\u001b[31m").data["errorCode"], "BAD_REQUEST");
  });

  test("of a kind that no repeat can mend is known, though its status is 500", () => {
    assert(isFinalError(500, '{"error_code":"INVALID_STATE"}'));
    assert(!isFinalError(500, '{"error_code":"INTERNAL_ERROR"}'));
    assert(!isFinalError(503, "<html>"));
  });
});

test("our errors as answers, and back", () => {
  const answer = (code: ErrorCode): readonly [number, string] => {
    const { status, body } = serializeError(new RunstoneError(code, "why"));
    return [status, serializeJson(body)];
  };
  assert.deepEqual(answer("RESOURCE_DOES_NOT_EXIST"), [
    404,
    '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"why"}',
  ]);
  assert.deepEqual(answer("PARAM_CONFLICT"), [
    400,
    '{"error_code":"INVALID_PARAMETER_VALUE","message":"why"}',
  ]);
  assert.deepEqual(answer("INVALID_STATE"), [
    400,
    '{"error_code":"INVALID_PARAMETER_VALUE","message":"why"}',
  ]);
  assert.deepEqual(answer("IO_ERROR"), [500, '{"error_code":"INTERNAL_ERROR","message":"why"}']);
});
