/** Which way a metric is better, by its name. Only names whose meaning is common knowledge are told. */

export type Direction = "min" | "max";

const SMALLER =
  /(^|_)(loss|losses|error|errors|err|mse|rmse|mae|mape|rmsle|nll|perplexity|ppl|bpc|bpb|wer|cer|fid|eer|logloss|crossentropy|entropy|divergence|kl|regret|cost|latency|time|seconds|secs|ms|duration|deviance|aic|bic)(_|$)/;
const GREATER =
  /(^|_)(acc|accuracy|auc|auroc|auprc|f1|f2|fbeta|score|precision|recall|sensitivity|specificity|r2|map|map50|ap|iou|miou|dice|bleu|rouge|rougel|meteor|chrf|psnr|ssim|reward|rewards|return|returns|throughput|mrr|ndcg|mcc|kappa|correlation|corr|pearson|spearman|likelihood|elbo|top1|top5)(_|$)/;

/** `min` when smaller is better, `max` when greater is, null when the name does not say (or says both). */
export function metricDirection(key: string): Direction | null {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_");
  const [smaller, greater] = [SMALLER.test(words), GREATER.test(words)];
  if (smaller === greater) return null;
  return smaller ? "min" : "max";
}
