export { systemClock } from "./clock.js";
export {
  type Download,
  type DownloadRequest,
  HttpClient,
  type HttpClientOptions,
  type HttpCounters,
  type HttpRequest,
  type JsonRequest,
  type QueryValue,
  type UploadRequest,
} from "./http-client.js";
export { type Clock, RateLimiter, type Throttle } from "./rate-limiter.js";
export {
  DEFAULT_HTTP_SETTINGS,
  type HttpCredentials,
  type HttpSettings,
  type ProxySettings,
} from "./settings.js";
export { isLoopback, withoutSecrets } from "./target.js";
