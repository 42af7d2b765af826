export { type Interceptor, intercept, type Operation, type OperationName } from "./fs/index.js";
