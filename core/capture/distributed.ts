import type { Env } from "./find-program.js";

/** This process among those of one distributed job. */
export interface DistributedRank {
  /** 0 is the one that speaks for the job. */
  readonly rank: number;
  readonly localRank: number | null;
  readonly worldSize: number | null;
  /** Which launcher said so. */
  readonly launcher: "torchrun" | "slurm" | "openmpi" | "pmi";
}

const LAUNCHERS = [
  { launcher: "torchrun", rank: "RANK", localRank: "LOCAL_RANK", worldSize: "WORLD_SIZE" },
  {
    launcher: "openmpi",
    rank: "OMPI_COMM_WORLD_RANK",
    localRank: "OMPI_COMM_WORLD_LOCAL_RANK",
    worldSize: "OMPI_COMM_WORLD_SIZE",
  },
  { launcher: "pmi", rank: "PMI_RANK", localRank: "MPI_LOCALRANKID", worldSize: "PMI_SIZE" },
  { launcher: "slurm", rank: "SLURM_PROCID", localRank: "SLURM_LOCALID", worldSize: "SLURM_NTASKS" },
] as const;

/**
 * The rank of this process, or null when it belongs to no distributed job. The innermost launcher counts: torchrun
 * inside SLURM sets `RANK`. SLURM counts only inside a step (`srun`): the batch script itself has `SLURM_PROCID=0` too.
 */
export function distributedRank(env: Env): DistributedRank | null {
  for (const { launcher, rank, localRank, worldSize } of LAUNCHERS) {
    const value = count(env[rank]);
    if (value === null || (launcher === "slurm" && !inSlurmStep(env))) continue;
    return { rank: value, localRank: count(env[localRank]), worldSize: count(env[worldSize]), launcher };
  }
  return null;
}

function inSlurmStep(env: Env): boolean {
  return count(env.SLURM_STEP_ID ?? env.SLURM_STEPID) !== null && count(env.SLURM_NTASKS) !== 1;
}

function count(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
