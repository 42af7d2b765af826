/** A server that writes what it is asked to a file, a JSON line each, and answers like MLflow. Says its port. Argument: the file. */
import { appendFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const file = process.argv[2]!;
const server = createServer((request, response) => {
  const { method, url, headers } = request;
  appendFileSync(file, `${JSON.stringify({ method, url, authorization: headers.authorization ?? null })}\n`);
  if (url === "/version") return response.end("3.4.0");
  const wanted = process.argv[3];
  const isAllowed = wanted === undefined || headers.authorization === wanted;
  response.writeHead(isAllowed ? 200 : 401, { "content-type": "application/json" });
  response.end(isAllowed ? "{}" : "You are not authenticated.");
});
server.listen(0, "127.0.0.1", () => writeSync(1, `${(server.address() as AddressInfo).port}\n`));
