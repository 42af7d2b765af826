/** Transfers beside each other: a bounded number at once, those that others wait for first. */
import pLimit from "p-limit";

export interface PoolTask {
  readonly id: string;
  /** The id of the task that must have ended before (a run's parent); one that is not in the pool is not waited for. */
  readonly after?: string | undefined;
}

export interface PoolOptions<Task extends PoolTask> {
  /** Tasks at once. */
  readonly jobs: number;
  /** Once aborted, nothing more is begun; what runs is waited for. */
  readonly signal?: AbortSignal | undefined;
  /** Never rejects: what fails is the task's own outcome. */
  run(task: Task): Promise<void>;
}

/** Resolves when every task has ended, or was never begun because of the signal. */
export async function runPool<Task extends PoolTask>(
  tasks: readonly Task[],
  { jobs, signal, run }: PoolOptions<Task>,
): Promise<void> {
  const limit = pLimit(jobs);
  const ended = new Map<string, Promise<void>>();
  for (const task of firstThingsFirst(tasks)) {
    const before = task.after === undefined ? undefined : ended.get(task.after);
    const work = limit(async () => {
      // What is waited for stands before it in the queue, so it runs already.
      await before;
      if (!signal?.aborted) await run(task);
    });
    ended.set(task.id, work);
  }
  await Promise.all(ended.values());
}

/** The tasks so that each comes after the one it waits for; otherwise in their order. Circles are cut somewhere. */
export function firstThingsFirst<Task extends PoolTask>(tasks: readonly Task[]): readonly Task[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const placed = new Set<Task>();
  for (const task of tasks) {
    const chain: Task[] = [];
    let next: Task | undefined = task;
    while (next !== undefined && !placed.has(next) && !chain.includes(next)) {
      chain.push(next);
      next = next.after === undefined ? undefined : byId.get(next.after);
    }
    for (const each of chain.reverse()) placed.add(each);
  }
  return [...placed];
}
