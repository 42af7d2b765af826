/**
 * A server to which nothing is sent: what is asked is asked, what would be changed is answered as if it had been done. So a
 * push against it moves just what a push would. What it makes is known to it alone: experiments, runs, logged models.
 */
import { randomBytes } from "node:crypto";
import {
  Fields,
  type RequestBody,
  type RouteName,
  routeLabel,
  wrongAnswer,
} from "../../protocol/mlflow/index.js";
import type { CallOptions, Transport, Upload } from "./calls.js";

type Message = ConstructorParameters<typeof Fields>[0];

const READS = /^(get|search|list|version$|serverInfo$)/;
/** Where servers keep artifacts when nobody said otherwise. */
const PROXY = "mlflow-artifacts:";

export class RehearsalTransport implements Transport {
  readonly #server: Transport;
  readonly #experiments = new Map<string, Message>();
  readonly #experimentIds = new Map<string, string>();
  readonly #runs = new Map<string, Message>();
  readonly #models = new Map<string, Message>();
  readonly #locations = new Map<string, Promise<string>>();
  #made = 0;

  constructor(server: Transport) {
    this.#server = server;
  }

  get requests(): number {
    return this.#server.requests;
  }

  async call(route: RouteName, options: CallOptions): Promise<Fields> {
    const answer = (await this.#answer(route, options)) ?? (READS.test(route) ? null : {});
    if (answer === null) return this.#server.call(route, options);
    return new Fields(answer, wrongAnswer(routeLabel(route)));
  }

  /** Null: the server has to be asked. */
  async #answer(route: RouteName, options: CallOptions): Promise<Message | null> {
    const { query = {}, segments = {} } = options;
    const body = asJson(options.body ?? {});
    switch (route) {
      case "createExperiment":
        return { experiment_id: this.#makeExperiment(body) };
      case "getExperiment":
        return nested("experiment", this.#experiments.get(String(query["experiment_id"])));
      case "getExperimentByName":
        return this.#experimentByName(String(query["experiment_name"]));
      case "createRun":
        return { run: await this.#makeRun(body) };
      case "getRun":
        return nested("run", this.#runs.get(String(query["run_id"])));
      case "getMetricHistory":
        return this.#runs.has(String(query["run_id"])) ? { metrics: [] } : null;
      case "searchRuns":
        return listOf(body["experiment_ids"]).some((id) => this.#experiments.has(id)) ? { runs: [] } : null;
      case "createLoggedModel":
        return { model: await this.#makeModel(body) };
      case "getLoggedModel":
        return nested("model", this.#models.get(String(segments["model_id"])));
      default:
        return null;
    }
  }

  /** Opens the file, as an upload would: one that is not here is told. */
  async upload({ content }: Upload): Promise<void> {
    for await (const _ of content()) return;
  }

  download(path: string, repeatable: boolean): AsyncIterable<Uint8Array> {
    return this.#server.download(path, repeatable);
  }

  /** Ids as SQL stores give them, because the server may be asked for them: it has none so large. */
  #makeExperiment(body: Message): string {
    const [name, tags] = [String(body["name"]), body["tags"] ?? []];
    this.#made += 1;
    const id = String(999_999_999_000_000 + this.#made);
    this.#experiments.set(id, { experiment_id: id, name, tags, lifecycle_stage: "active" });
    this.#experimentIds.set(name, id);
    return id;
  }

  #experimentByName(name: string): Message | null {
    const id = this.#experimentIds.get(name);
    return id === undefined ? null : nested("experiment", this.#experiments.get(id));
  }

  async #makeRun(body: Message): Promise<Message> {
    const { experiment_id, run_name, user_id, start_time, tags = [] } = body;
    const run_id = randomBytes(16).toString("hex");
    const location = await this.#location(String(experiment_id));
    const times = start_time === undefined ? {} : { start_time };
    const info = {
      ...{
        run_id,
        experiment_id: experiment_id!,
        run_name: run_name ?? "",
        user_id: user_id ?? "",
        ...times,
      },
      ...{ status: "RUNNING", lifecycle_stage: "active" },
      artifact_uri: `${location}/${run_id}/artifacts`,
    };
    const run: Message = { info, data: { tags } };
    this.#runs.set(run_id, run);
    return run;
  }

  async #makeModel(body: Message): Promise<Message> {
    const { experiment_id, name, params = [], tags = [] } = body;
    const model_id = `m-${randomBytes(16).toString("hex")}`;
    const location = await this.#location(String(experiment_id));
    const info = {
      ...{ model_id, experiment_id: experiment_id!, name: name ?? "", tags },
      ...{ status: "LOGGED_MODEL_PENDING", creation_timestamp_ms: 0, last_updated_timestamp_ms: 0 },
      artifact_uri: `${location}/models/${model_id}/artifacts`,
    };
    const model: Message = { info, data: { params, metrics: [] } };
    this.#models.set(model_id, model);
    return model;
  }

  #location(experimentId: string): Promise<string> {
    const known = this.#locations.get(experimentId) ?? this.#askLocation(experimentId);
    this.#locations.set(experimentId, known);
    return known;
  }

  /** Of an experiment that is not there: beside the default one. */
  async #askLocation(experimentId: string): Promise<string> {
    if (!this.#experiments.has(experimentId)) return this.#locationThere(experimentId);
    const beside = await this.#locationThere("0").catch(() => `${PROXY}/0`);
    return `${beside.replace(/\/0$/, "")}/${experimentId}`;
  }

  async #locationThere(experimentId: string): Promise<string> {
    const query = { experiment_id: experimentId };
    const fields = await this.#server.call("getExperiment", { query });
    return fields.requiredNested("experiment").string("artifact_location") ?? `${PROXY}/${experimentId}`;
  }
}

/** Integers that no double holds as texts, as servers tell them. */
function asJson(body: RequestBody): Message {
  const text = JSON.stringify(body, (_, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
  return JSON.parse(text) as Message;
}

function nested(name: string, message: Message | undefined): Message | null {
  return message === undefined ? null : { [name]: message };
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
