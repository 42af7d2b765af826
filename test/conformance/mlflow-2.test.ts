import { serverConformance } from "./mlflow-server.js";

await serverConformance("2");
