import type { ModelVersion, RegisteredModel } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import type { CellValue } from "../output/cell.js";
import { withOutput } from "../output/output-file.js";
import { printJsonObject } from "../output/print-json.js";
import { printRows } from "../output/print-rows.js";
import { modelVersionRecord, registeredModelRecord } from "../output/records.js";
import type { RowColumn } from "../output/row-column.js";
import { formatAge } from "../output/time.js";
import { visible, visibleText } from "../output/visible.js";
import { readFormat } from "../parse/format-options.js";
import { openStore } from "../store/open-store.js";
import type { ListArguments, ShowArguments } from "./models.js";

const LIST_COLUMNS: readonly RowColumn[] = [
  { key: "name", title: "NAME", type: "text", shrinkTo: 12 },
  { key: "versions", title: "VERSIONS", type: "integer" },
  { key: "aliases", title: "ALIASES", type: "text", shrinkTo: 10 },
  { key: "age", title: "AGE", type: "text", align: "right", only: "people", dropOrder: 1 },
  { key: "description", title: "DESCRIPTION", type: "text", only: "programs" },
  { key: "creation_timestamp", title: "CREATED", type: "integer", only: "programs" },
  { key: "last_updated_timestamp", title: "UPDATED", type: "integer", only: "programs" },
];

interface WithVersions {
  readonly model: RegisteredModel;
  readonly versions: readonly ModelVersion[];
}

export async function runList(context: CommandContext, args: ListArguments): Promise<void> {
  const { store } = openStore(context);
  const models: WithVersions[] = [];
  for (const model of await store.listRegisteredModels())
    models.push({ model, versions: await store.listModelVersions(model.name) });
  await printRows(context, {
    columns: LIST_COLUMNS,
    rows: models.map((listed) => listRow(context, listed)),
    records: models.map(({ model, versions }) => registeredModelRecord(model, versions)),
    format: readFormat(context, args),
    output: args.output,
  });
}

function listRow(context: CommandContext, { model, versions }: WithVersions): readonly CellValue[] {
  const aliases = Object.entries(model.aliases).map(([alias, version]) => `${alias}=${version}`);
  return [
    model.name,
    versions.length,
    aliases.join(" "),
    formatAge(model.lastUpdatedTime ?? model.creationTime, context.now()),
    model.description ?? null,
    model.creationTime,
    model.lastUpdatedTime,
  ];
}

const VERSION_COLUMNS: readonly RowColumn[] = [
  { key: "version", title: "VERSION", type: "integer" },
  { key: "current_stage", title: "STAGE", type: "text" },
  { key: "aliases", title: "ALIASES", type: "text", shrinkTo: 8 },
  { key: "run_id", title: "RUN", type: "text" },
  { key: "source", title: "SOURCE", type: "text", shrinkTo: 12, dropOrder: 2 },
  { key: "age", title: "AGE", type: "text", align: "right", only: "people", dropOrder: 1 },
  { key: "model_id", title: "MODEL", type: "text", only: "programs" },
  { key: "status", title: "STATUS", type: "text", only: "programs" },
  { key: "creation_timestamp", title: "CREATED", type: "integer", only: "programs" },
];

export async function runShow(context: CommandContext, args: ShowArguments): Promise<void> {
  const { store } = openStore(context);
  const model = await store.getRegisteredModel(args.name);
  const versions = await store.listModelVersions(args.name);
  const format = readFormat(context, args);
  await withOutput(context, args.output, async (into) => {
    if (format === "json") return printJsonObject(into, registeredModelRecord(model, versions));
    if (format === "table") printHead(into, model);
    await printRows(into, {
      columns: VERSION_COLUMNS,
      rows: versions.map((version) => versionRow(into, version)),
      records: versions.map(modelVersionRecord),
      format,
    });
  });
}

function printHead({ out, style }: CommandContext, model: RegisteredModel): void {
  out.line(`${style.bold("model")} ${visible(model.name)}`);
  if (model.description) for (const line of visibleText(model.description).split("\n")) out.line(`  ${line}`);
}

function versionRow(context: CommandContext, version: ModelVersion): readonly CellValue[] {
  return [
    version.version,
    version.currentStage,
    version.aliases.join(" "),
    version.runId === null ? null : { value: version.runId, text: version.runId.slice(0, 12) },
    version.source,
    formatAge(version.creationTime, context.now()),
    version.modelId,
    version.status,
    version.creationTime,
  ];
}
