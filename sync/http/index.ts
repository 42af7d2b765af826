export { systemClock } from "./clock.js";
export {
  HttpClient,
  type HttpClientOptions,
  type HttpCounters,
} from "./http-client.js";
export type {
  Download,
  DownloadRequest,
  HttpRequest,
  JsonRequest,
  QueryValue,
  UploadRequest,
} from "./http-request.js";
export { type Clock, RateLimiter, type Throttle } from "./rate-limiter.js";
export {
  DEFAULT_HTTP_SETTINGS,
  type HttpCredentials,
  type HttpSettings,
  type ProxySettings,
} from "./settings.js";
export { isLoopback, withoutSecrets } from "./target.js";
