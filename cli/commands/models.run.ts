import type { CommandContext } from "../context.js";
import { printJsonArray, printJsonObject } from "../output/print-json.js";
import { registeredModelRecord } from "../output/records.js";
import { renderTable } from "../output/table.js";
import { formatAge } from "../output/time.js";
import { visible, visibleText } from "../output/visible.js";
import { openStore } from "../store/open-store.js";
import type { ShowArguments } from "./models.js";

export async function runList(context: CommandContext): Promise<void> {
  const { store } = openStore(context);
  const models = await store.listRegisteredModels();
  const withVersions = [];
  for (const model of models)
    withVersions.push({ model, versions: await store.listModelVersions(model.name) });
  if (context.json)
    return printJsonArray(
      context,
      withVersions.map(({ model, versions }) => registeredModelRecord(model, versions)),
    );
  const rows = withVersions.map(({ model, versions }) => [
    visible(model.name),
    String(versions.length),
    visible(
      Object.entries(model.aliases)
        .map(([alias, version]) => `${alias}=${version}`)
        .join(" "),
    ),
    formatAge(model.lastUpdatedTime ?? model.creationTime, context.now()),
  ]);
  const columns = [
    { title: "NAME", shrinkTo: 12 },
    { title: "VERSIONS", align: "right" as const },
    { title: "ALIASES", shrinkTo: 10 },
    { title: "AGE", align: "right" as const, dropOrder: 1 },
  ];
  const layout = { width: context.width, paintHeader: context.style.dim };
  for (const line of renderTable(columns, rows, layout)) context.out.line(line);
}

export async function runShow(context: CommandContext, { name }: ShowArguments): Promise<void> {
  const { store } = openStore(context);
  const model = await store.getRegisteredModel(name);
  const versions = await store.listModelVersions(name);
  if (context.json) return printJsonObject(context, registeredModelRecord(model, versions));
  const { out, style, width } = context;
  out.line(`${style.bold("model")} ${visible(model.name)}`);
  if (model.description) for (const line of visibleText(model.description).split("\n")) out.line(`  ${line}`);
  const rows = versions.map((version) => [
    String(version.version),
    visible(version.currentStage),
    visible(version.aliases.join(" ")),
    visible(version.runId?.slice(0, 12) ?? ""),
    visible(version.source ?? ""),
    formatAge(version.creationTime, context.now()),
  ]);
  const columns = [
    { title: "VERSION", align: "right" as const },
    { title: "STAGE" },
    { title: "ALIASES", shrinkTo: 8 },
    { title: "RUN" },
    { title: "SOURCE", shrinkTo: 12, dropOrder: 2 },
    { title: "AGE", align: "right" as const, dropOrder: 1 },
  ];
  for (const line of renderTable(columns, rows, { width, paintHeader: style.dim })) out.line(line);
}
