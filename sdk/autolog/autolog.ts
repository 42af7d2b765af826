/** `autolog`: switching on what can be logged without a line of code in the training. */
import { setRunDefaults } from "../run-defaults.js";
import { autologTensorflow, type TensorflowLike } from "./tensorflow.js";

export interface AutologOptions {
  /** CPU, memory and GPU of every run begun from now on; default true. */
  readonly systemMetrics?: boolean;
  /** `@tensorflow/tfjs` (or `-layers`, `-node`): its `fit` and `fitDataset` log themselves. */
  readonly tensorflow?: TensorflowLike;
}

/**
 * Switches autologging on for this process; returns what switches it off. Libraries are handed in, so that none is loaded
 * for it: `autolog({ tensorflow: tf })`. For other training code see `autologFunction`.
 */
export function autolog(options: AutologOptions = {}): () => void {
  const restore = setRunDefaults({ systemMetrics: options.systemMetrics ?? true });
  const undo = options.tensorflow === undefined ? () => undefined : autologTensorflow(options.tensorflow);
  return () => {
    undo();
    restore();
  };
}
